"""Themes, one TOML file each. Users write the same format into their config folder."""
