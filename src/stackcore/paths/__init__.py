"""Where files go: templates with tokens, names that never collide, counters that never repeat."""
