"""From frames to one picture: read, survey, warp, fuse, sharpen, write."""
