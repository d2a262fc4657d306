"""Trust: admits models to private text, and keeps it from tracers and untrusted fallbacks."""
