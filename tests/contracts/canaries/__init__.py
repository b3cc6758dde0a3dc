"""Components that are wrong on purpose: what is wrong, the class, and what the checks must say of it."""
