"""Simulated recordings: physics-like signals of heart, heartbeat and cerebral blood flow."""
