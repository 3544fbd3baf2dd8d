"""The commands of run_camera.py: what each takes, and what it calls. Each imports what it needs when it runs."""
