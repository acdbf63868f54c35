"""For tests, ours and of third parties: scenes with known truth, contracts of every kind of plugin."""
