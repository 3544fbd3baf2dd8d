"""Stages, worker processes, transport, sources and sinks: what runs while a face is watched."""
