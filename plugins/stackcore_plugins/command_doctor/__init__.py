"""The `doctor` command: whether everything that stackcore leans on is there and works."""
