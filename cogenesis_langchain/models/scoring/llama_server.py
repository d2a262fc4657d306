"""llama.cpp's llama-server: a list of prefixes in one request, one answer each.

Each prefix re-uses the cache of the one before it. The answers hold the log-probabilities of the
model itself, before sampling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.scoring.json_fields import (
    field,
    invalid,
    item,
    items,
    number,
    ranked,
    strings,
    token_id,
)
from cogenesis_langchain.models.scoring.scores import StringTopK, TopK

_PATH: Final = "/completion"


@final
@dataclass(frozen=True, slots=True)
class LlamaServer:
    """A list of prefixes of ids."""

    name = "llama-server"
    path = _PATH

    def request(self, ids: Sequence[int], start: int, k: int) -> dict[str, Json]:
        """One prompt for each position."""
        return _request([list(ids[:end]) for end in range(start, len(ids) + 1)], k)

    def answer(self, body: Json, ids: Sequence[int], start: int, k: int) -> list[TopK]:
        """Read the answers in the order of the prompts."""
        return [
            ranked(((token_id(field(t, "id")), number(field(t, "logprob"))) for t in top), k)
            for top in _answers(body, len(ids) - start + 1)
        ]


@final
@dataclass(frozen=True, slots=True)
class LlamaText:
    """A list of prefixes of text, each tokenised by itself.

    Attributes:
        ends: Ids that end the cloud model's turn.
    """

    ends: frozenset[int] = frozenset()
    name = "llama-server, text"
    path = _PATH

    def request(self, prefixes: Sequence[str], k: int) -> dict[str, Json]:
        """One prompt for each prefix."""
        return _request(list(prefixes), k)

    def answer(self, body: Json, prefixes: Sequence[str], k: int) -> list[StringTopK]:
        """Read the answers in the order of the prompts."""
        return [self._strings(top, k) for top in _answers(body, len(prefixes))]

    def _strings(self, top: Sequence[Json], k: int) -> StringTopK:
        return strings(
            (
                None
                if token_id(field(entry, "id")) in self.ends
                else bytes(token_id(byte) for byte in items(field(entry, "bytes"))),
                number(field(entry, "logprob")),
            )
            for entry in top[:k]
        )


def _request(prompts: Sequence[Json], k: int) -> dict[str, Json]:
    return {
        "prompt": prompts,
        "n_predict": 1,
        "n_probs": k,
        "temperature": 0.0,
        "cache_prompt": True,
        "post_sampling_probs": False,
        "response_fields": ["index", "completion_probabilities"],
    }


def _answers(body: Json, count: int) -> list[Sequence[Json]]:
    """Top-k lists in the order of the prompts; a single answer may come without a list."""
    answers = [body] if isinstance(body, Mapping) else list(items(body))
    answers.sort(key=lambda answer: number(field(answer, "index")))
    if len(answers) != count:
        raise invalid(f"the server answered {len(answers)} prompts of {count}")
    return [
        items(field(item(field(answer, "completion_probabilities"), 0), "top_logprobs"))
        for answer in answers
    ]
