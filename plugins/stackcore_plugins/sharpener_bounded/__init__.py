"""Sharpener `bounded`: three scales like `unsharp3`, without halos and without sharpening the noise."""
