"""Private context: a local store, local embeddings and a retriever over them."""

if __name__ != "cogenesis_langchain.retrievers":
    raise ImportError("import cogenesis_langchain.retrievers, not the bare retrievers folder")
