"""Tokens per second and requests per token of fused decoding over HTTP with added latency.

    bench_fusion_speed.py blocks|llama-server [operator] [texts] [tokens] [delays in ms ...]

Both models run on the same cores of this machine, with the short thread spins that the `cogenesis`
command sets too. A proxy on loopback adds the round trip. The comparison is token-by-token fusion
over the same server in the same run: one request per token, while the local model computes its own
distribution.

``blocks`` is a server that scores a block in one pass, as SGLang does, over the same weights.
``llama-server`` is llama.cpp's own, which takes a list of prefixes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from fusion_pair import SAMPLING, SEED, THREADS, Pair, Prompts, prompts, records
from rich.console import Console
from rich.table import Table
from support.scoring_servers import delayed
from support.tiny_endpoint import endpoint

from cogenesis_langchain.fusion.blocks.speculation import LocalSide, Speculation
from cogenesis_langchain.fusion.blocks.speculative_sampling import (
    GreedySampler,
    Sampler,
    SpeculativeSampler,
)
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.operators import Operator, operator_named
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.fusion.verification.blank_filter import BlankFilter
from cogenesis_langchain.fusion.verification.open_verifier import open_verifier
from cogenesis_langchain.fusion.verification.verifier import Verifier
from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.models.cloud.stand_in import SHORT_SPIN, StandInCloud
from cogenesis_langchain.privacy.views.disclosure import OpenDisclosure


@contextmanager
def cloud(kind: str = "blocks") -> Iterator[str]:
    if kind == "llama-server":
        with StandInCloud(n_parallel=1, n_ctx=1024, threads=THREADS) as stand_in:
            yield stand_in.base_url.removesuffix("/v1")
        return
    child = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("block_server.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        yield child.stdout.readline().decode().strip()
        child.kill()


def token_by_token(
    pair: Pair,
    asked: Prompts,
    verifier: Verifier,
    operator: Operator,
    sampler: Sampler,
    tokens: int,
) -> float:
    """Seconds with one request per token, without the first token, which reads both prompts."""
    side = LocalSide(pair.local, pair.local.encode_chat(asked.local))
    speculation = Speculation(side, operator, sampler, PresencePenalty())
    began = 0.0
    with ThreadPoolExecutor(1) as worker:
        for count in range(tokens):
            if count == 1:
                began = time.perf_counter()
            flight = worker.submit(verifier.verify, tuple(speculation.written), ())
            if not speculation.drafts:
                speculation.draft()
            speculation.settle(flight.result()[0])
    return time.perf_counter() - began


def in_blocks(
    pair: Pair, asked: Prompts, verifier: Verifier, operator: Operator, options: GenerationOptions
) -> tuple[float, int, Trace]:
    """Seconds and tokens after the first round, which reads both prompts, and the trace."""
    tokens, stamps = [], []
    for token in FusedDecoder(pair.local, operator=operator).stream(asked.local, verifier, options):
        tokens.append(token)
        stamps.append(time.perf_counter())
    # The tokens of a round arrive together; the next round is a request later.
    first_round = sum(stamp - stamps[0] < 0.01 for stamp in stamps)
    return stamps[-1] - stamps[0], len(tokens) - first_round, Trace.of(tokens)


def main() -> None:
    os.environ.update(SHORT_SPIN)  # before llama.cpp is loaded, which reads it once
    kind = sys.argv[1] if len(sys.argv) > 1 else "blocks"
    operator = operator_named(sys.argv[2] if len(sys.argv) > 2 else "local-led")
    texts = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    tokens = int(sys.argv[4]) if len(sys.argv) > 4 else 64
    delays = [int(delay) for delay in sys.argv[5:]] or [25, 100, 200]
    pair, console = Pair(), Console()
    table = Table(
        "added ms", "sampling", "token by token/s", "blocks/s", "ratio", "requests per token",
        "drafts accepted",
        title=f"{operator.name}, {kind}, {texts} texts of {tokens} tokens, {THREADS} threads each",
    )  # fmt: skip
    with cloud(kind) as address:
        for delay in delays:
            with delayed(address, delay / 1000) as url:
                for name in ("greedy", "sampled"):
                    table.add_row(
                        str(delay), name, *measure(pair, url, operator, name, texts, tokens)
                    )
                    console.print(table)


def measure(
    pair: Pair, url: str, operator: Operator, name: str, texts: int, tokens: int
) -> list[str]:
    served = endpoint(url, model="stand-in", timeout=60.0)
    greedy = name == "greedy"
    sampler: Sampler = GreedySampler() if greedy else SpeculativeSampler(SAMPLING, SEED)
    options = GenerationOptions(
        max_tokens=tokens,
        temperature=0.0 if greedy else SAMPLING.temperature,
        top_p=SAMPLING.top_p,
        seed=SEED,
    )
    rival = own = 0.0
    rival_tokens = own_tokens = requests = accepted = total = 0
    for record in records(texts):
        asked = prompts(record, pair.small)
        shown = OpenDisclosure(pair.local.decode)
        opened = open_verifier(served, pair.local, asked.cloud, disclosure=shown)
        verifier = BlankFilter(opened, pair.local.decode)
        seconds, counted, trace = in_blocks(pair, asked, verifier, operator, options)
        own, own_tokens = own + seconds, own_tokens + counted
        total += trace.report.tokens
        requests += trace.report.requests
        accepted += trace.report.accepted
        rival += token_by_token(pair, asked, verifier, operator, sampler, tokens)
        rival_tokens += tokens - 1
    slow, fast = rival_tokens / rival, own_tokens / own
    return [
        f"{slow:.2f}",
        f"{fast:.2f}",
        f"{fast / slow:.2f}",
        f"{requests / total:.2f}",
        f"{accepted / total:.0%}",
    ]


if __name__ == "__main__":
    main()
