"""CoGenesis for LangChain: a cloud model outlines, a local model writes, private text stays here."""

__version__ = "0.1.0"
