"""Adapters: where recordings and labels come from, as a manifest."""
