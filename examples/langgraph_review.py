"""A LangGraph application that waits for a person: draft, review, revise, with a checkpoint."""

from __future__ import annotations

from typing import Any, TypedDict

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from cogenesis_langchain import ChatCoGenesis, LlamaCppModel, MemoryLedger, open_cloud, private

NOTES = (
    "Our daughter Ingrid turned seven on 3 October. We moved to 8 Quince Lane in June. Rafael "
    "works as a nurse at St Hilda's. The dog, Biscuit, ate the Christmas cake."
)
REMARK = "Leave out the dog, and wish them a happy new year."


class State(TypedDict, total=False):
    """State passed between the nodes; a checkpoint holds it."""

    request: str
    draft: str
    remark: str
    final: str


def build_graph(model: ChatCoGenesis) -> Any:
    """Both models draft, a person remarks on the draft, and the local model revises it."""

    def draft(state: State) -> State:
        message = model.invoke([HumanMessage(content=[private(NOTES), state["request"]])])
        return {"draft": message.text}

    def review(state: State) -> State:
        return {"remark": interrupt(state["draft"])}  # the graph stops here until it is resumed

    def revise(state: State) -> State:
        # The whole task is private, so nothing is sent and the local model answers alone.
        task = private(f"Revise this letter. {state['remark']}\n\n{state['draft']}")
        return {"final": model.invoke([HumanMessage(content=[task])]).text}

    graph = StateGraph(State)
    graph.add_node("draft", draft)
    graph.add_node("review", review)
    graph.add_node("revise", revise)
    graph.add_edge(START, "draft")
    graph.add_edge("draft", "review")
    graph.add_edge("review", "revise")
    graph.add_edge("revise", END)
    # An application keeps its checkpoints on a disk of its own: they hold private text.
    return graph.compile(checkpointer=InMemorySaver())


def main() -> None:
    """Run the graph until it asks, answer it, and let it go on."""
    ledger = MemoryLedger()
    config: RunnableConfig = {"configurable": {"thread_id": "letter"}}
    with open_cloud() as cloud:  # uses OPENAI_API_KEY or OPENAI_BASE_URL, else a local stand-in
        model = ChatCoGenesis(cloud=cloud, local=LlamaCppModel(), ledger=ledger, max_tokens=160)
        graph = build_graph(model)
        stopped = graph.invoke({"request": "Write our family's year-end letter."}, config)
        print(stopped["__interrupt__"][0].value, "\n\n--- remark ---\n", REMARK)
        result = graph.invoke(Command(resume=REMARK), config)
    print("\n--- revised ---\n", result["final"])
    print(f"\n{len(ledger.entries)} request(s) left, all of them for the draft:")
    for entry in ledger.entries:
        print(f"{len(entry.payload)} bytes to {entry.endpoint}")
        assert b"Ingrid" not in entry.payload and b"Biscuit" not in entry.payload


if __name__ == "__main__":
    main()
