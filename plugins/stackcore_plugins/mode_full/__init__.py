"""Run mode `full`: a still image at each slice."""
