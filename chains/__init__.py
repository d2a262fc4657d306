"""Ready-made chains, composed in LCEL."""

if __name__ != "cogenesis_langchain.chains":
    raise ImportError("import cogenesis_langchain.chains, not the bare chains folder")
