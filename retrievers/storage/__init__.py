"""Storage of records: Chroma, the derived index, encryption, crash safety, erasure."""
