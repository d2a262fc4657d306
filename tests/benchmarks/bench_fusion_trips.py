"""Requests a token of fused decoding, with block lengths that it chooses by itself.

    bench_fusion_trips.py OPERATOR greedy|sampled [texts] [tokens] [delay in ms] [first text]

The cloud side is the block server of `bench_fusion_speed.py` behind a proxy that adds the round
trip; the reference implementation makes one request a token.
"""

from __future__ import annotations

import sys

import bench_fusion_speed as speed
from fusion_pair import OPERATORS, Pair, prompts, records
from rich.console import Console
from scoring_servers import delayed

from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.opening import open_judge
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.privacy.disclosure import OpenDisclosure

NAME = sys.argv[1] if len(sys.argv) > 1 else "mean"
GREEDY = len(sys.argv) < 3 or sys.argv[2] == "greedy"
TEXTS = int(sys.argv[3]) if len(sys.argv) > 3 else 20
TOKENS = int(sys.argv[4]) if len(sys.argv) > 4 else 150
DELAY = int(sys.argv[5]) if len(sys.argv) > 5 else 100
FIRST = int(sys.argv[6]) if len(sys.argv) > 6 else 0


def main() -> None:
    pair, console = Pair(), Console()
    operator = next(operator for operator in OPERATORS if operator.name == NAME)
    baseline = pair.baseline if operator.needs_baseline else None
    decoder = FusedDecoder(pair.local, operator=operator, baseline=baseline)
    options = GenerationOptions(
        max_tokens=TOKENS,
        temperature=0.0 if GREEDY else speed.SAMPLING.temperature,
        top_p=speed.SAMPLING.top_p,
        seed=speed.SEED,
    )
    reports = []
    with speed.cloud() as address, delayed(address, DELAY / 1000) as url:
        endpoint = speed.connect(url)
        for record in records(FIRST + TEXTS)[FIRST:]:
            asked = prompts(record)
            judge = open_judge(endpoint, pair.local, asked.cloud, disclosure=OpenDisclosure())
            stream = decoder.stream(asked.local, judge, options, baseline_messages=asked.without)
            reports.append(Trace.of(stream).report)
            tokens, requests, drafted, accepted = (
                sum(getattr(report, name) for report in reports)
                for name in ("tokens", "requests", "drafted", "accepted")
            )
            console.print(
                f"{NAME}, {'greedy' if GREEDY else 'sampled'}, {DELAY} ms: {len(reports)} texts, "
                f"{tokens} tokens, {requests / tokens:.3f} requests a token, "
                f"{drafted / requests:.1f} drafts a request, {accepted / tokens:.0%} kept, "
                f"{sum(report.fallback is not None for report in reports)} fallbacks",
                soft_wrap=True,
            )
        endpoint.close()


if __name__ == "__main__":
    main()
