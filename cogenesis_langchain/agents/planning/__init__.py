"""A plan of the cloud model, carried out by the local model."""
