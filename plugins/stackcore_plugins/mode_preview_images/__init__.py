"""Run mode `preview-images`: the live-view frame of each slice is saved."""
