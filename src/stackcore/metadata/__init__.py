"""What files say of how they were made: read from frames, carried into results."""
