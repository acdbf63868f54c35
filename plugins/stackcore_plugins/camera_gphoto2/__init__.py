"""Real cameras through libgphoto2, in one child process per camera."""
