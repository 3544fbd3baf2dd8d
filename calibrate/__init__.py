"""What must be measured before trusting: camera, person, thresholds."""
