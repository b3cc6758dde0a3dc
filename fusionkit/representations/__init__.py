"""Parameter-free, batched views of a signal."""
