"""A LangGraph application: both models draft a letter, then the local model shortens it."""

from __future__ import annotations

from typing import TypedDict

from langchain_core.messages import HumanMessage
from langgraph.graph import END, START, StateGraph

from cogenesis_langchain import ChatCoGenesis, LlamaCppModel, MemoryLedger, open_cloud, private

NOTES = (
    "Our daughter Ingrid turned seven on 3 October. We moved to 8 Quince Lane in June. Rafael "
    "works as a nurse at St Hilda's. The dog, Biscuit, ate the Christmas cake."
)


class State(TypedDict, total=False):
    """State passed between the nodes."""

    request: str
    draft: str
    final: str
    rungs: list[str]


def main() -> None:
    """Build the graph and run it once."""
    with open_cloud() as cloud:
        model = ChatCoGenesis(
            cloud=cloud, local=LlamaCppModel(), ledger=MemoryLedger(), max_tokens=160
        )

        def draft(state: State) -> State:
            message = model.invoke([HumanMessage(content=[private(NOTES), state["request"]])])
            rung = message.response_metadata["cogenesis"]["rung"]
            return {"draft": message.text, "rungs": [rung]}

        def shorten(state: State) -> State:
            # The whole task is private, so nothing is sent and the local model answers alone.
            task = private(f"Shorten this letter to three sentences:\n\n{state['draft']}")
            message = model.invoke([HumanMessage(content=[task])])
            rung = message.response_metadata["cogenesis"]["rung"]
            return {"final": message.text, "rungs": [*state["rungs"], rung]}

        graph = StateGraph(State)
        graph.add_node("draft", draft)
        graph.add_node("shorten", shorten)
        graph.add_edge(START, "draft")
        graph.add_edge("draft", "shorten")
        graph.add_edge("shorten", END)
        result = graph.compile().invoke({"request": "Write our family's year-end letter."})
    print(result["draft"], "\n\n--- shortened ---\n", result["final"])
    print("\nrungs:", result["rungs"])


if __name__ == "__main__":
    main()
