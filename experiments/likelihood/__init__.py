"""The likelihood of the reference texts under every setting, by teacher forcing."""
