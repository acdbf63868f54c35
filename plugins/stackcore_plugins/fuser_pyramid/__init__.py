"""Fuser `pyramid`: a Laplacian pyramid, each coefficient a weighted mean that favours the sharpest frames."""
