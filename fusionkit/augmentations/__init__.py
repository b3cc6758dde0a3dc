"""Random changes and mixtures of training samples."""
