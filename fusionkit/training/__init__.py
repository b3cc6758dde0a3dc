"""The stage loop and what it needs."""
