"""The `demo` command: the whole chain on a simulated camera, and a page that shows what came out."""
