"""Fitting the published systems: losses, sampling, augmentation, and the loop around them."""
