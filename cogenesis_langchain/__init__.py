"""CoGenesis for LangChain: a cloud model outlines, a local model writes, secrets stay."""

__version__ = "0.1.0"
