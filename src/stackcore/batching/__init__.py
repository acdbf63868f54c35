"""Many stacks in one go: finding them among folders, and the record of what became of each."""
