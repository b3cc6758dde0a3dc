"""Fixed changes of a signal before anything looks at it."""
