"""What is learned: the simulator, networks, training, evaluation and the shipped weights."""
