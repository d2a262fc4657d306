"""Construction of records by a chat model, in the four steps of the paper (section 2.2, A.1)."""
