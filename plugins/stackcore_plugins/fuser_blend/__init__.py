"""Fuser `blend`: a pyramid whose every level listens to the finest detail, with a plain mean at clipped highlights."""
