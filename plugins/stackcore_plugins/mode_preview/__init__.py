"""Run mode `preview`: moves through the slices and saves nothing."""
