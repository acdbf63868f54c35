"""The built-in plugins, on the same footing as a stranger's."""
