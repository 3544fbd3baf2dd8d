"""Faces that move by known action units: video with ground truth."""
