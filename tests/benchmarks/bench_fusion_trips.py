"""Requests a token of fused decoding, with block lengths that it chooses by itself.

    bench_fusion_trips.py OPERATOR greedy|sampled [texts] [tokens] [delay in ms] [first text]

The reference implementation makes one request a token. How long blocks become depends on what
things cost; so that the figures are the same on every machine, costs are given: those of the real
pair with one thread each on the cores that `bench_fusion_speed.py` was run on, and a round trip.
The speeds that follow from them are shown too, those of token-by-token fusion beside them.
"""

from __future__ import annotations

import sys

import bench_fusion_speed as speed
from fusion_pair import OPERATORS, Pair, prompts, records
from rich.console import Console
from virtual_time import Costs, TimedVerifier, TimedModel, passing

from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.models.base import GenerationOptions

NAME = sys.argv[1] if len(sys.argv) > 1 else "mean"
GREEDY = len(sys.argv) < 3 or sys.argv[2] == "greedy"
TEXTS = int(sys.argv[3]) if len(sys.argv) > 3 else 20
TOKENS = int(sys.argv[4]) if len(sys.argv) > 4 else 150
DELAY = int(sys.argv[5]) if len(sys.argv) > 5 else 100
FIRST = int(sys.argv[6]) if len(sys.argv) > 6 else 0
LOCAL, SCORED = 0.028, 0.043
"""Seconds of a local token, and of a position that the cloud model scores."""


def main() -> None:
    pair, console = Pair(), Console()
    costs = Costs(LOCAL, DELAY / 1000, SCORED)
    operator = next(operator for operator in OPERATORS if operator.name == NAME)
    baseline = pair.baseline if operator.needs_baseline else None
    local = TimedModel(pair.local, costs)
    decoder = FusedDecoder(local, operator=operator, baseline=baseline)
    options = GenerationOptions(
        max_tokens=TOKENS,
        temperature=0.0 if GREEDY else speed.SAMPLING.temperature,
        top_p=speed.SAMPLING.top_p,
        seed=speed.SEED,
    )
    alone = 1 / (costs.trip + SCORED)
    reports = []
    with passing(costs):
        for record in records(FIRST + TEXTS)[FIRST:]:
            asked = prompts(record)
            verifier = TimedVerifier(pair.verify(asked), costs)
            stream = decoder.stream(asked.local, verifier, options, baseline_messages=asked.without)
            reports.append(Trace.of(stream).report)
            tokens, requests, drafted, accepted = (
                sum(getattr(report, name) for report in reports)
                for name in ("tokens", "requests", "drafted", "accepted")
            )
            console.print(
                f"{NAME}, {'greedy' if GREEDY else 'sampled'}, {DELAY} ms: {len(reports)} texts, "
                f"{tokens} tokens, {requests / tokens:.3f} requests a token, "
                f"{drafted / requests:.1f} drafts a request, {accepted / tokens:.0%} kept, "
                f"{tokens / costs.now:.2f} tokens/s against {alone:.2f}",
                soft_wrap=True,
            )


if __name__ == "__main__":
    main()
