"""RAG over local documents: only the request is sent to the cloud, never a document."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cogenesis_langchain import (
    ChatCoGenesis,
    ContextStore,
    LlamaCppModel,
    LocalMiniLM,
    MemoryLedger,
    PrivateContextRetriever,
    create_sketch_fill_chain,
    open_cloud,
)

PAPERS = Path(__file__).parent / "persona"
REQUESTS = (
    "Write a short reply to the hand clinic that confirms my appointment.",
    "Write a note to my landlord asking for a lower rent.",
)


def main() -> None:
    """Add a folder to a store, then answer requests with the documents that each one needs."""
    with tempfile.TemporaryDirectory() as folder, open_cloud() as cloud:
        store = ContextStore(folder, embeddings=LocalMiniLM())
        store.add_files(PAPERS)
        model = ChatCoGenesis(
            cloud=cloud, local=LlamaCppModel(), ledger=MemoryLedger(), max_tokens=160
        )
        chain = create_sketch_fill_chain(model, PrivateContextRetriever(store=store, k=2))
        for request in REQUESTS:
            result = chain.invoke({"input": request})
            sources = {
                Path(found.metadata.get("source", "profile")).name for found in result["context"]
            }
            print(f"\n> {request}\n  documents read by the local model: {sources}")
            print(f"  sketch from the cloud model: {result['sketch']}\n\n{result['answer']}")


if __name__ == "__main__":
    main()
