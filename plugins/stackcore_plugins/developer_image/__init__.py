"""Developer `image`: JPEG, TIFF, PNG, WebP and AVIF through libvips."""
