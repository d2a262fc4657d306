"""Which models, chains and tracers may see private text, and what keeps it from the others."""
