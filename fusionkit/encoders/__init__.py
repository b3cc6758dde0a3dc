"""What turns a view into features."""
