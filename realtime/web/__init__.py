"""The live page and the viewer of recorded sessions: what a browser shows, served from this machine to itself."""
