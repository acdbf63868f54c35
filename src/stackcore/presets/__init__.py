"""Presets: settings in TOML files, laid over each other, each value with the place where it comes from."""
