"""Both real models and the prompts of the evaluation records, for the fusion benchmarks."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from support.in_process_scorer import LlamaCppScorer

from cogenesis_langchain.datasets.conversation import conversation
from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.fusion.blocks.speculation import LocalSide
from cogenesis_langchain.fusion.operators import (
    Contrast,
    MaxPool,
    Mixture,
    Operator,
    Product,
    operator_named,
)
from cogenesis_langchain.fusion.verification.blank_filter import BlankFilter
from cogenesis_langchain.fusion.verification.verifier import TokenVerifier, Verifier
from cogenesis_langchain.models.base import PrivateMessage, PublicMessage
from cogenesis_langchain.models.decoding.sampling import SamplingParameters
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.privacy.views.disclosure import Disclosure, OpenDisclosure, PublicTokens
from cogenesis_langchain.prompts import FUSED_TASK
from experiments.settings.setting import preparation

RECORDS = Path(__file__).parents[2] / "experiments" / "data" / "development.jsonl"
OPERATORS: tuple[Operator, ...] = (
    Mixture(),
    Mixture(0.3),
    MaxPool(),
    Product(),
    Contrast(),
    operator_named("entropy"),
    operator_named("local-led"),
)
WINDOW = 2048
THREADS = int(os.environ.get("COGENESIS_THREADS", "2"))
"""Threads of each model; use 1 where both compute at the same time on two cores."""
SAMPLING = SamplingParameters(temperature=0.7, top_p=0.95)
SEED = 1


@dataclass(frozen=True)
class Prompts:
    """The three prompts of one record."""

    local: list[PrivateMessage]
    without: list[PrivateMessage]
    cloud: list[PublicMessage]


def records(count: int = 40) -> list[Record]:
    return list(load_records(RECORDS))[:count]


def prompts(record: Record, local: object) -> Prompts:
    """The prompts that `ChatCoGenesis` builds for a record and a local model."""
    prepared = preparation(Border(ledger=MemoryLedger()), local).prepare(conversation(record))
    assert prepared.release is not None and prepared.release.text is not None
    public = PublicText.compose(FUSED_TASK, {"instruction": prepared.release.text})
    return Prompts(
        local=prepared.prompt.complete(None),
        without=prepared.prompt.without_context(),
        cloud=[PublicMessage("user", public)],
    )


class Pair:
    """Both models in this process; their weights are loaded once, at first use.

    Args:
        together: Tokens per batch of the scorer.
    """

    def __init__(self, together: int = 6) -> None:
        self._together = together

    @cached_property
    def small(self) -> LlamaCppModel:
        return LlamaCppModel("qwen2.5-coder-0.5b-instruct", n_ctx=512)

    @cached_property
    def large(self) -> LlamaCppModel:
        return LlamaCppModel("qwen2.5-coder-1.5b-instruct", n_ctx=512)

    @cached_property
    def local(self) -> LlamaCppTokens:
        return LlamaCppTokens(self.small, window=WINDOW, threads=THREADS)

    @cached_property
    def baseline(self) -> LlamaCppTokens:
        return LlamaCppTokens(self.small, window=WINDOW, threads=THREADS)

    @cached_property
    def scorer(self) -> LlamaCppScorer:
        return LlamaCppScorer(self.large, window=WINDOW, threads=THREADS, together=self._together)

    def local_side(self, asked: Prompts, operator: Operator) -> LocalSide:
        """The local model behind its prompt, with a baseline if the operator needs one."""
        baseline = (self.baseline, self.baseline.encode_chat(asked.without))
        return LocalSide(
            self.local,
            self.local.encode_chat(asked.local),
            baseline if operator.needs_baseline else None,
        )

    def cloud_ids(self, asked: Prompts) -> PublicTokens:
        return PublicTokens.of(
            [message.text for message in asked.cloud],
            lambda texts: self.large.encode_chat(
                [PrivateMessage("user", PrivateText(str(text))) for text in texts]
            ),
        )

    def token_verifier(self, asked: Prompts, disclosure: Disclosure) -> TokenVerifier:
        return TokenVerifier(
            self.scorer,
            self.cloud_ids(asked),
            vocabulary_size=self.local.vocabulary_size,
            disclosure=disclosure,
        )

    def verifier(self, asked: Prompts) -> Verifier:
        shown = OpenDisclosure(self.local.decode)
        return BlankFilter(self.token_verifier(asked, shown), self.local.decode)
