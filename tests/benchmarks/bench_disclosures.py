"""What each disclosure of fused decoding costs: likelihood of references, and speed at 100 ms.

    bench_disclosures.py likelihood|speed [texts] [tokens] [first text]

``likelihood`` reads the beginnings of the references as if they were written: the product's own
decoder, with a sampler that chooses the tokens of the reference. So the cloud model has a vote
exactly where it would have one. Temperature, top-p and penalty are off. ``speed`` writes texts on
the simulated clock of `bench_fusion_requests.py`. A second reading of the local model takes as long
as the first.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
from fusion_pair import SEED, THREADS, WINDOW, Pair, prompts, records
from rich.console import Console
from rich.table import Table
from simulated_clock import Costs, TimedModel, TimedVerifier, simulated_clock

from cogenesis_langchain import Bounded, Budget
from cogenesis_langchain.collaboration.decodings import (
    ChosenDisclosure,
    LocalReadings,
    decoding_of,
)
from cogenesis_langchain.datasets.conversation import conversation
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.fusion.blocks.speculative_sampling import Proposal
from cogenesis_langchain.fusion.bounded.rounds import BoundedRounds
from cogenesis_langchain.fusion.bounded.target import BoundedTarget, Drawn, Reading
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.operators import operator_named
from cogenesis_langchain.fusion.trace import FusedToken, FusionReport, Trace
from cogenesis_langchain.models.base import GenerationOptions, Probabilities
from cogenesis_langchain.models.decoding.sampling import TokenDistribution
from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from experiments.settings.setting import preparation

DISCLOSURES: dict[str, ChosenDisclosure] = {
    "open": "open",
    "masked": "masked",
    "word 3": Budget(word=3.0),
    "word 1": Budget(word=1.0),
    "word 0.3": Budget(word=0.3),
    "text 4": Budget(word=3.0, text=4.0),
    "text 2": Budget(word=3.0, text=2.0),
    "text 1": Budget(word=3.0, text=1.0),
    "epsilon 512": Bounded(epsilon=512.0),
    "epsilon 64": Bounded(epsilon=64.0),
    "epsilon 8": Bounded(epsilon=8.0),
}
LOCAL, SCORED, TRIP = 0.028, 0.043, 0.1
"""Seconds of a local token, of a position that the cloud model scores, and of a round trip."""
BOUNDED_TOKENS = 200
"""Tokens of a text that the bound is for."""


class TimedLocal:
    """The local model; each of its readings has a cache of its own and takes simulated time."""

    def __init__(self, pair: Pair, costs: Costs) -> None:
        self._pair = pair
        self._costs = costs
        self.name = "local"

    def tokens(self) -> Any:
        return TimedModel(
            LlamaCppTokens(self._pair.small, window=WINDOW, threads=THREADS), self._costs
        )


@dataclass
class Forced:
    """Chooses the tokens of a known text."""

    text: Sequence[int]

    def propose(self, local: Probabilities, position: int) -> Proposal:
        token = self.text[position]
        return Proposal(token, TokenDistribution(np.array([token]), np.ones(1)))

    def settle(self, proposal: Proposal, fused: Probabilities) -> int:
        return proposal.token

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        """Make the decoders choose these tokens."""
        draw, detail, chosen = BoundedTarget.draw, BoundedTarget.detail, [0]

        def choose(private: Reading) -> None:
            # The steps of a detail are taken before it is cut, also beyond the end of the text.
            at = len(private.text)
            chosen[0] = self.text[at] if at < len(self.text) else self.text[-1]

        def drawn(target: BoundedTarget, view: Any, public: Any, private: Any, at: float) -> Drawn:
            choose(private)
            return draw(target, view, public, private, at)

        def detailed(target: BoundedTarget, private: Any, *rest: Any) -> tuple[int, int]:
            choose(private)
            return detail(target, private, *rest)

        with ExitStack() as stack:
            patches = [
                (FusedDecoder, "_sampler", lambda *_: self),
                (BoundedTarget, "draw", drawn),
                (BoundedTarget, "detail", detailed),
                (BoundedRounds, "is_full", False),
                (TokenDistribution, "draw", lambda *_: chosen[0]),
            ]
            for owner, name, value in patches:
                stack.enter_context(mock.patch.object(owner, name, value))
            yield


class Comparison:
    """The models, and the decoding of each disclosure."""

    def __init__(self, *, penalty: float) -> None:
        self.costs = Costs(LOCAL, TRIP, SCORED)
        self.pair = Pair()
        self.border = Border(ledger=MemoryLedger())
        local = TimedLocal(self.pair, self.costs)
        self.tokens = local.tokens()
        self.decodings = {
            name: decoding_of(
                chosen,
                local,
                self.tokens,
                self.border,
                operator=operator_named("local-led"),
                presence_penalty=penalty,
                draft_tokens=None,
            )
            for name, chosen in DISCLOSURES.items()
        }

    def stream(self, name: str, record: Record, options: GenerationOptions) -> Iterator[FusedToken]:
        prepared = preparation(self.border, self.pair.small).prepare(conversation(record))
        text = self.decodings[name].begin(prepared)
        assert prepared.release is not None and prepared.release.text is not None
        prompt = prepared.prompt
        readings = LocalReadings(
            self.tokens.encode_chat(prompt.complete(None)),
            self.tokens.encode_chat(prompt.of_public(prepared.release.text)),
        )
        verifier = self.pair.token_verifier(prompts(record, self.pair.small), text.disclosure)
        return text.stream(prepared, readings, TimedVerifier(verifier, self.costs), options)


def likelihood(texts: int, tokens: int, first: int) -> None:
    compared, console = Comparison(penalty=0.0), Console()
    nats: dict[str, list[float]] = {name: [] for name in ("local alone", *DISCLOSURES)}
    votes: dict[str, list[bool]] = {name: [] for name in nats}
    for number, record in enumerate(records(first + texts)[first:], 1):
        text = compared.tokens.encode(record.reference.encode())[:tokens]
        options = GenerationOptions(max_tokens=len(text), temperature=1.0, top_p=1.0)
        for name, chosen in DISCLOSURES.items():
            if isinstance(chosen, Bounded):
                options = GenerationOptions(max_tokens=BOUNDED_TOKENS, temperature=1.0, top_p=1.0)
            with Forced(text).everywhere():
                settled = []
                for token in compared.stream(name, record, options):
                    settled.append(token)
                    if len(settled) == len(text):
                        break
            assert [token.id for token in settled] == list(text)
            nats[name] += [-math.log(max(token.probability, 1e-300)) for token in settled]
            votes[name] += [bool(token.cloud_top) for token in settled]
            if name == "open":
                # A mixture's share of the local model is `w p_s / p`.
                alone = (one.share * one.probability / one.weight for one in settled)
                nats["local alone"] += [-math.log(max(p, 1e-300)) for p in alone]
                votes["local alone"] += [False] * len(settled)
        table = Table("disclosure", "nats a token", "against open", "positions with a vote",
                      title=f"{number} references, {len(nats['open'])} tokens")  # fmt: skip
        for name, found in nats.items():
            mean, base = np.mean(found), np.mean(nats["open"])
            share = np.mean(votes[name])
            table.add_row(name, f"{mean:.3f}", f"{mean - base:+.3f}", f"{share:.0%}")
        console.print(table)


def speed(texts: int, tokens: int, first: int) -> None:
    compared, console = Comparison(penalty=1.0), Console()
    spent: dict[str, float] = dict.fromkeys(DISCLOSURES, 0.0)
    counts: dict[str, list[FusionReport]] = {name: [] for name in DISCLOSURES}
    rates: dict[str, float] = {}
    options = GenerationOptions(max_tokens=tokens, temperature=0.3, top_p=0.95, seed=SEED)
    with simulated_clock(compared.costs):
        for number, record in enumerate(records(first + texts)[first:], 1):
            table = Table("disclosure", "tokens a second", "against open", "requests a token",
                          title=f"{number} texts of at most {tokens} tokens, 100 ms")  # fmt: skip
            for name in DISCLOSURES:
                began = compared.costs.now
                written = compared.stream(name, record, options)
                counts[name].append(Trace.of(list(written)).report)
                spent[name] += compared.costs.now - began
                total = sum(report.tokens for report in counts[name])
                requests = sum(report.requests for report in counts[name])
                rates[name] = total / spent[name]
                relative = rates[name] / rates["open"]
                table.add_row(
                    name, f"{rates[name]:.1f}", f"{relative:.2f}", f"{requests / total:.2f}"
                )
            console.print(table)


if __name__ == "__main__":
    measure = {"likelihood": likelihood, "speed": speed}[sys.argv[1]]
    given = [int(word) for word in sys.argv[2:]]
    measure(*given, *(6, 96, 0)[len(given) :])
