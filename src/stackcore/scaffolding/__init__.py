"""Writes the first version of a plugin: a package that installs, is tested, and keeps the contract of its kind."""
