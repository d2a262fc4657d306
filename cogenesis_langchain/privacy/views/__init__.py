"""Views: what of a generated text the cloud model may see while it is written."""
