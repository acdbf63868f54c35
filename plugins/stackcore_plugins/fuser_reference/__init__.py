"""Fusers `average` and `max`: the simplest two, to compare others with."""
