"""Private context: a local store, offline embeddings and the retriever over them."""

if __name__ != "cogenesis_langchain.retrievers":
    raise ImportError("import cogenesis_langchain.retrievers, not the bare retrievers folder")
