"""vLLM: token ids, scored by ``prompt_logprobs`` of its completions endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.scoring.json_fields import (
    field,
    invalid,
    item,
    items,
    mapping,
    number,
    ranked,
)
from cogenesis_langchain.models.scoring.scores import TopK


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


def _id(key: str) -> int:
    """A token id that is the key of an object."""
    if not key.isdecimal():
        raise invalid("the answer names tokens by their text, not by their ids")
    return int(key)
