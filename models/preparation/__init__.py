"""From annotated recordings to a store of aligned, measured clips that every system here can read."""
