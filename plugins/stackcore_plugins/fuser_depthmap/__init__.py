"""Fuser `depthmap`: finds the depth of every pixel, and takes its colour from the frames nearest to it."""
