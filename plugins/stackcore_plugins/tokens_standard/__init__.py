"""The standard path tokens: timestamps, dates and counters."""
