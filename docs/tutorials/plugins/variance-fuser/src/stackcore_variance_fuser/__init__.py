"""A fuser of stackcore that trusts the frame whose surroundings vary the most."""
