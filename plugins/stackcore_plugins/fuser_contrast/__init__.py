"""Fuser `contrast`: the look of Enfuse's hard masks, in one pass."""
