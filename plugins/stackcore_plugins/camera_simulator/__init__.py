"""Cameras that need no camera: they photograph a rendered scene, or replay a folder of real frames."""
