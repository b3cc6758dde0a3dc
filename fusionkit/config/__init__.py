"""Configuration: TOML to frozen dataclasses and back."""
