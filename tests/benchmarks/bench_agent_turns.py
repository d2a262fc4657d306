"""What a turn with tools costs beside the models.

    bench_agent_turns.py own [turns, at most 30]
    bench_agent_turns.py grammar [model] [tokens]

``own`` runs an agent whose models answer at once, and shows the time of this library for each turn,
with a conversation that grows by one call and one result a turn. ``grammar`` writes the same number
of tokens with a real local model, freely and under the grammar of a turn with tools, and shows the
two speeds and their ratio in one run.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import tool
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.scripted_turns import ScriptedTurns, agent_model, call

from cogenesis_langchain.agents.rules import as_openai_tools, read_tools
from cogenesis_langchain.agents.tool_grammar import turn_grammar
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.models.tools import TurnRules
from cogenesis_langchain.privacy.text import PrivateText

GRAMMAR = ("qwen2.5-coder-0.5b-instruct", "100")
SHORT_TURN = 2.0
"""Seconds of a short turn of a small local model on two cores, for comparison."""


@tool
def find_event(subject: str) -> str:
    """Find an event in the calendar by its subject."""
    return "Check-up with Dr Felix Obi, 14 May, 10:30. " * 10


def own(turns: int = 20) -> Table:
    """Time of this library for each turn of a growing conversation, in the second of two runs."""
    own_times(turns)  # loads the detectors
    times = own_times(turns)
    table = Table("turn", "own ms", f"share of a model's {SHORT_TURN:.0f} s", title="own time")
    for turn in (0, 1, turns // 2, len(times) - 1):
        share = times[turn] / SHORT_TURN
        table.add_row(str(turn + 1), f"{1000 * times[turn]:.0f}", f"{share:.1%}")
    return table


def own_times(turns: int) -> list[float]:
    """Seconds of each turn of one run."""
    answers = [call("find_event", json.dumps({"subject": f"event {n}"})) for n in range(turns)]
    step = {"tool": "find_event", "fill": {"subject": "the event"}}
    plan = json.dumps({"steps": [step] * turns, "answer": "say when"})
    times: list[float] = []
    model = agent_model(ScriptedTurns(*answers, "Done."), cloud_answers=[plan], max_steps=turns)
    agent: Any = create_agent(model, [find_event])
    began = time.perf_counter()
    for update in agent.stream({"messages": "When do I go?"}, {"recursion_limit": 3 * turns}):
        if "model" in update:
            times.append(time.perf_counter() - began)
        began = time.perf_counter()
    return times


def grammar(name: str, tokens: int) -> Table:
    """Speed under the grammar of a turn against free decoding."""
    model = LlamaCppModel(name)
    tools = read_tools(as_openai_tools([find_event], None))
    constrained = turn_grammar(TurnRules(tools=tools, callable_tools=tools))
    prompt = [PrivateMessage("user", PrivateText("Tell a long story about a lighthouse."))]
    table = Table("decoding", "tokens a second", "of free decoding", title=name)
    first = 0.0
    for label, chosen in (("free", None), ("under a grammar", constrained)):
        options = GenerationOptions(max_tokens=tokens, temperature=0.0, grammar=chosen)
        for _ in range(2):  # the first compiles the grammar and reads the prompt
            began, count = time.perf_counter(), 0
            for chunk in model.stream(prompt, options):
                count += chunk.usage.output_tokens
            speed = count / (time.perf_counter() - began)
        first = first or speed
        table.add_row(label, f"{speed:.1f}", f"{speed / first:.0%}")
    return table


def main(part: str = "", *arguments: str) -> None:
    console = Console()
    if part in ("", "own"):
        console.print(own(int(arguments[0]) if arguments else 20))
    if part in ("", "grammar"):
        name, tokens = (*arguments, *GRAMMAR[len(arguments) :])
        console.print(grammar(name, int(tokens)))


if __name__ == "__main__":
    main(*sys.argv[1:])
