"""What is wrong with a sensor and what colour the light has: dark frames, grey cards, and the library of both."""
