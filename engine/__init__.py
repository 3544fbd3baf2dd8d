"""A trained network made fast: one Classifier over the runtimes a machine has."""
