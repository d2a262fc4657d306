"""How records are kept: Chroma, the derived index, encryption, crash safety."""
