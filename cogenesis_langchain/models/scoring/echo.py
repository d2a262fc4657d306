"""Servers that repeat a prompt with the scores of its tokens: ``echo`` with ``logprobs``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, final

from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.scoring.json_fields import (
    field,
    invalid,
    item,
    items,
    mapping,
    number,
    strings,
    token_id,
)
from cogenesis_langchain.models.scoring.scores import StringTopK

_MARGIN: Final = 4
"""Dictionaries keyed by text merge tokens that read alike, so more are asked for than used."""


@final
@dataclass(frozen=True, slots=True)
class Echo:
    """The last text of a block, echoed; its token boundaries show where the other texts end.

    Attributes:
        model: Name the server knows the model by.
        ends: Texts that end the cloud model's turn.
        shift: Entries by which an answer's scores are late; see `observed_shift`.
    """

    model: str
    ends: frozenset[str] = frozenset()
    shift: int = 0
    name = "echo"
    path = "/v1/completions"

    def request(self, prefixes: Sequence[str], k: int) -> dict[str, Json]:
        """The last prefix holds all others."""
        return {
            "model": self.model,
            "prompt": prefixes[-1],
            "max_tokens": 1,
            "temperature": 0.0,
            "echo": True,
            "logprobs": k + _MARGIN,
        }

    def answer(self, body: Json, prefixes: Sequence[str], k: int) -> list[StringTopK]:
        """Find the end of each prefix among the token boundaries."""
        tokens, tops = _echoed(body)
        offsets = _offsets(body, tokens)
        scores: list[StringTopK] = []
        for prefix in prefixes:
            index = sum(offset < len(prefix) for offset in offsets)
            if index < len(offsets) and offsets[index] != len(prefix):
                break
            entries = mapping(item(tops, index - self.shift))
            best = sorted(entries.items(), key=lambda entry: -number(entry[1]))[:k]
            scores.append(
                strings(
                    (None if text in self.ends else _readable(text), number(logprob))
                    for text, logprob in best
                )
            )
        return scores


def observed_shift(answers: Mapping[str, Json]) -> int:
    """Find by how many entries a server's scores are late.

    llama_cpp.server puts the scores that predict a token beside the token before it where the
    model uses no begin-of-text token. The greedy token that each answer ends with shows it.

    Args:
        answers: By prompt, the answers to greedy echo requests.

    Raises:
        CloudAnswerInvalid: Neither alignment explains the answers.
    """
    fitting = {0, 1}
    for prompt, body in answers.items():
        tokens, tops = _echoed(body)
        count = sum(offset < len(prompt) for offset in _offsets(body, tokens))
        generated = str(field(item(field(body, "choices"), 0), "text")).removeprefix(prompt)
        fitting &= {
            shift
            for shift in (0, 1)
            if count - shift < len(tops)
            and isinstance(top := tops[count - shift], Mapping)
            and _best(top) == generated
        }
    if not fitting:
        raise invalid("the scores do not belong to the tokens that they predict")
    return min(fitting)


def _echoed(body: Json) -> tuple[list[str], Sequence[Json]]:
    """Tokens of prompt and answer, and the top-k that stands with each.

    Together returns prompt and answer separately; other servers return one list.
    """
    parts = [field(item(field(body, "choices"), 0), "logprobs")]
    if isinstance(body, Mapping) and body.get("prompt"):
        parts.insert(0, field(item(body["prompt"], 0), "logprobs"))
    tokens = [str(token) for part in parts for token in items(field(part, "tokens"))]
    tops = [top for part in parts for top in items(field(part, "top_logprobs"))]
    if len(tokens) != len(tops):
        raise invalid("the server scored only some of the tokens")
    return tokens, tops


def _offsets(body: Json, tokens: Sequence[str]) -> list[int]:
    """Characters before each token. A character split over tokens begins with the first of them."""
    given = field(item(field(body, "choices"), 0), "logprobs")
    if isinstance(given, Mapping) and given.get("text_offset"):
        offsets = [token_id(offset) for offset in items(given["text_offset"])]
        if len(offsets) == len(tokens):
            return offsets
    return list(accumulate((len(token) for token in tokens[:-1]), initial=0))


def _best(entries: Mapping[str, Json]) -> str:
    return max(entries, key=lambda text: number(entries[text]))


def _readable(text: str) -> bytes:
    """Bytes of a token given as text; none where it held part of a character."""
    return b"" if "\ufffd" in text else text.encode()
