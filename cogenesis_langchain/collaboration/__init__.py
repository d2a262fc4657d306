"""How the two models write one text together, from a conversation to the finished answer."""
