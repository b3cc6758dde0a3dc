"""Everything that is computed from a table of predictions."""
