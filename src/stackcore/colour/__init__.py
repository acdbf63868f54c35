"""Colour spaces and the ICC profiles that name them."""
