"""Servers that score a block of token ids in one pass: vLLM and SGLang."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from cogenesis_langchain.models.base import TopK
from cogenesis_langchain.models.scoring.json_fields import (
    Json,
    field,
    invalid,
    item,
    items,
    mapping,
    number,
    ranked,
    token_id,
)


@final
@dataclass(frozen=True, slots=True)
class Vllm:
    """``prompt_logprobs`` of vLLM's completions endpoint.

    Args:
        model: Name the server knows the model by.
    """

    model: str
    name = "vllm"
    path = "/v1/completions"

    def request(self, ids: Sequence[int], start: int, k: int) -> dict[str, Json]:
        """One generated token brings the distribution behind the last id."""
        return {
            "model": self.model,
            "prompt": list(ids),
            "max_tokens": 1,
            "temperature": 0.0,
            "prompt_logprobs": k,
            "logprobs": k,
            "return_tokens_as_token_ids": True,
            "add_special_tokens": False,
        }

    def answer(self, body: Json, ids: Sequence[int], start: int, k: int) -> list[TopK]:
        """Read prompt and generated log-probabilities."""
        choice = item(field(body, "choices"), 0)
        prompt = items(field(choice, "prompt_logprobs"))
        if len(prompt) != len(ids):
            raise invalid("the server re-tokenised the sequence")
        scores = [
            ranked(
                (_id(token), number(field(entry, "logprob")))
                for token, entry in mapping(position).items()
                if number(field(entry, "rank")) <= k
            )
            for position in prompt[start:]
        ]
        last = mapping(item(field(field(choice, "logprobs"), "top_logprobs"), 0))
        pairs = ((_id(name.removeprefix("token_id:")), number(p)) for name, p in last.items())
        return [*scores, ranked(pairs, k)]


@final
@dataclass(frozen=True, slots=True)
class SgLang:
    """SGLang's own endpoint, which re-uses its prefix cache up to ``logprob_start_len``."""

    name = "sglang"
    path = "/generate"

    def request(self, ids: Sequence[int], start: int, k: int) -> dict[str, Json]:
        """The first entry from ``logprob_start_len`` on is empty, so it is one earlier."""
        return {
            "input_ids": list(ids),
            "sampling_params": {"max_new_tokens": 1, "temperature": 0.0},
            "return_logprob": True,
            "logprob_start_len": start - 1,
            "top_logprobs_num": k,
        }

    def answer(self, body: Json, ids: Sequence[int], start: int, k: int) -> list[TopK]:
        """Read input and output log-probabilities: triples of log-probability, id and text."""
        info = field(body, "meta_info")
        given = items(field(info, "input_top_logprobs"))
        if len(given) != len(ids) - start + 1:
            raise invalid("the server re-tokenised the sequence")
        positions = [*given[1:], item(field(info, "output_top_logprobs"), 0)]
        return [
            ranked(((token_id(item(t, 1)), number(item(t, 0))) for t in items(position)), k)
            for position in positions
        ]


def _id(key: str) -> int:
    """A token id that is the key of an object."""
    if not key.isdecimal():
        raise invalid("the answer names tokens by their text, not by their ids")
    return int(key)
