"""Sharpener `unsharp3`: unsharp masks at three scales, as in the processing workflow."""
