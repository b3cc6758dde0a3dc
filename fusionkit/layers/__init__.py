"""Blocks that several encoders and fusers share."""
