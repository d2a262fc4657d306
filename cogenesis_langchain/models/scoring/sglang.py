"""SGLang: token ids, scored by its own ``/generate`` endpoint."""

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
    number,
    ranked,
    token_id,
)
from cogenesis_langchain.models.scoring.scores import TopK


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
