"""Executor `local`: threads of this machine; the bands of a frame are the unit of parallel work."""
