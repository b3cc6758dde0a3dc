"""The way from a manifest to cached views."""
