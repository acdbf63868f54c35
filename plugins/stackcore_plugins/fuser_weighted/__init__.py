"""Fuser `weighted`: one mean at full size, each pixel weighted by the finest detail around it."""
