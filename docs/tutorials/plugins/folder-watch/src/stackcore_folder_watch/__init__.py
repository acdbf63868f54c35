"""A camera of stackcore whose frames another tool drops into a folder."""
