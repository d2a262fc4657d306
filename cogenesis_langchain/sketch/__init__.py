"""What the cloud model writes in sketch-fill: a template or an outline, parsed and sanitised."""
