"""A camera of stackcore on a motorised focus rail."""
