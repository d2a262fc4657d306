"""Requests per token and tokens per second of fused decoding, on a simulated clock.

    bench_fusion_requests.py OPERATOR greedy|sampled [texts] [tokens] [delay in ms] [first text]

The reference implementation makes one request per token. The decoder chooses its block lengths by
what things cost. To give the same figures on every machine, the costs are fixed: those of the real
models with one thread each, measured on the machine of `bench_fusion_speed.py`, and a round trip.
For comparison, the speed of token-by-token fusion with the same costs is shown too.
"""

from __future__ import annotations

import sys

from fusion_pair import OPERATORS, SAMPLING, SEED, Pair, prompts, records
from rich.console import Console
from simulated_clock import Costs, TimedModel, TimedVerifier, simulated_clock

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
"""Seconds per local token and per position that the cloud model scores."""


def main() -> None:
    pair, console = Pair(), Console()
    costs = Costs(LOCAL, DELAY / 1000, SCORED)
    operator = next(operator for operator in OPERATORS if operator.name == NAME)
    baseline = pair.baseline if operator.needs_baseline else None
    local = TimedModel(pair.local, costs)
    decoder = FusedDecoder(local, operator=operator, baseline=baseline)
    options = GenerationOptions(
        max_tokens=TOKENS,
        temperature=0.0 if GREEDY else SAMPLING.temperature,
        top_p=SAMPLING.top_p,
        seed=SEED,
    )
    token_by_token = 1 / (costs.trip + SCORED)
    reports = []
    with simulated_clock(costs):
        for record in records(FIRST + TEXTS)[FIRST:]:
            asked = prompts(record, pair.small)
            verifier = TimedVerifier(pair.verifier(asked), costs)
            stream = decoder.stream(asked.local, verifier, options, baseline_messages=asked.without)
            reports.append(Trace.of(stream).report)
            tokens, requests, drafted, accepted = (
                sum(getattr(report, name) for report in reports)
                for name in ("tokens", "requests", "drafted", "accepted")
            )
            console.print(
                f"{NAME}, {'greedy' if GREEDY else 'sampled'}, {DELAY} ms: {len(reports)} texts, "
                f"{tokens} tokens, {requests / tokens:.3f} requests per token, "
                f"{drafted / requests:.1f} drafts per request, {accepted / tokens:.0%} accepted, "
                f"{tokens / costs.now:.2f} tokens/s (token by token {token_by_token:.2f})",
                soft_wrap=True,
            )


if __name__ == "__main__":
    main()
