"""Public data sets: downloading, unpacking and verifying their archives."""
