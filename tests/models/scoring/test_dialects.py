"""The dialects against answers as servers really gave them, shortened and rounded.

Where they were published:

- vLLM, ``prompt_logprobs``: infra.acsresearch.org/tutorial/examples/prompt-logprobs (Llama 8B)
- vLLM 0.16.0, ``echo``: github.com/ggml-org/llama.cpp/pull/15189 (Qwen3-Coder-Next)
- SGLang, ``/generate``: github.com/sgl-project/sglang-jax/pull/13 (Qwen)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cogenesis_langchain.errors import CloudAnswerInvalid
from cogenesis_langchain.models.scoring.dialect import TokenDialect
from cogenesis_langchain.models.scoring.echo import Echo, observed_shift
from cogenesis_langchain.models.scoring.sglang import SgLang
from cogenesis_langchain.models.scoring.vllm import Vllm

VLLM: dict[str, Any] = {
    "choices": [
        {
            "prompt_logprobs": [
                None,
                {
                    "14924": {"logprob": -1.1795, "rank": 1, "decoded_token": "Question"},
                    "755": {"logprob": -2.1795, "rank": 2, "decoded_token": "def"},
                    "2": {"logprob": -2.7420, "rank": 3, "decoded_token": "#"},
                    "791": {"logprob": -3.6795, "rank": 4, "decoded_token": "The"},
                    "16309": {"logprob": -4.1795, "rank": 5, "decoded_token": "Tags"},
                },
            ],
            "logprobs": {"top_logprobs": [{"token_id:6864": -0.9, "token_id:1176": -1.7}]},
        }
    ]
}
SGLANG: dict[str, Any] = {
    "text": " Paris",
    "meta_info": {
        "input_token_logprobs": [[None, 6722, None], [-0.582, 315, None], [-3.531, 9625, None]],
        "input_top_logprobs": [
            None,
            [[-0.582, 315, None], [-2.141, 3283, None], [-3.766, 374, None]],
            [[-1.039, 279, None], [-3.531, 9625, None], [-3.969, 5616, None]],
            [[-2.094, 13, None], [-2.344, 58883, None], [-2.406, 11, None]],
        ],
        "output_token_logprobs": [[-0.730, 12095, None]],
        "output_top_logprobs": [
            [[-0.730, 12095, None], [-2.734, 2130, None], [-3.047, 32671, None]]
        ],
    },
}
SGLANG_IDS = (1782, 6722, 315, 9625, 374)
ECHO_PROMPT = "The step of"
ECHO: dict[str, Any] = {
    "choices": [
        {
            "text": "The step of the",
            "logprobs": {
                "text_offset": [0, 3, 8, 11],
                "token_logprobs": [None, -8.8188, -1.5526, -0.2318],
                "tokens": ["The", " step", " of", " the"],
                "top_logprobs": [
                    None,
                    {" step": -8.8188, " is": -0.7875, " ": -1.9750, " are": -2.6000},
                    {" of": -1.5526, " in": -1.7401, " that": -2.5526},
                    {" boiling": -13.5599, " the": -0.2318, " photos": -2.9818},
                ],
            },
        }
    ]
}


def test_vllms_prompt_log_probabilities_are_read_up_to_the_rank_asked_for() -> None:
    """The prompt's own token, 791, has rank 4 and was not asked for."""
    given, generated = Vllm("m").answer(VLLM, (128000, 791), 1, 3)
    assert given.ids.tolist() == [14924, 755, 2]
    assert given.logprobs == pytest.approx([-1.1795, -2.1795, -2.7420])
    assert generated.ids.tolist() == [6864, 1176]


def test_sglangs_triples_are_read_from_the_start_asked_for() -> None:
    dialect = SgLang()
    assert dialect.request(SGLANG_IDS, 2, 3)["logprob_start_len"] == 1
    found = dialect.answer(SGLANG, SGLANG_IDS, 2, 3)
    assert [topk.ids.tolist() for topk in found] == [
        [315, 3283, 374],
        [279, 9625, 5616],
        [13, 58883, 11],
        [12095, 2130, 32671],
    ]


def test_an_echo_of_vllm_is_read_at_the_end_of_each_text() -> None:
    shift = observed_shift({ECHO_PROMPT: ECHO})
    found = Echo("m", shift=shift).answer(ECHO, ["The", "The step", ECHO_PROMPT], 2)
    assert [answer.strings for answer in found] == [
        (b" is", b" "),
        (b" of", b" in"),
        (b" the", b" photos"),
    ]


def test_the_clouds_certainty_that_excludes_all_else_is_read() -> None:
    """Servers write -Infinity or a huge negative number for a token that is impossible."""
    certain: dict[str, Any] = {
        "choices": [
            {
                "prompt_logprobs": [
                    None,
                    {
                        "785": {"logprob": 0.0, "rank": 1, "decoded_token": "The"},
                        "2": {"logprob": float("-inf"), "rank": 2, "decoded_token": "#"},
                    },
                ],
                "logprobs": {"top_logprobs": [{"token_id:9": 0.0}]},
            }
        ]
    }
    found = Vllm("m").answer(certain, (1, 785), 1, 2)[0]
    assert np.exp(found.logprobs).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("start", [1, 2])
@pytest.mark.parametrize(
    ("dialect", "answer", "ids"),
    [(Vllm("m"), VLLM, (128000, 791, 5)), (SgLang(), SGLANG, (*SGLANG_IDS, 1, 1))],
    ids=["vllm", "sglang"],
)
def test_a_sequence_that_came_back_shorter_was_re_tokenised(
    dialect: TokenDialect, answer: dict[str, Any], ids: tuple[int, ...], start: int
) -> None:
    with pytest.raises(CloudAnswerInvalid, match="re-tokenised"):
        dialect.answer(answer, ids, start, 3)


def test_tokens_named_by_their_text_are_refused_where_ids_are_needed() -> None:
    last = {"logprobs": {"top_logprobs": [{" the": -0.5}]}}
    body = {"choices": [VLLM["choices"][0] | last]}
    with pytest.raises(CloudAnswerInvalid, match="not by their ids"):
        Vllm("m").answer(body, (128000, 791), 1, 3)


def test_an_echo_without_scores_of_the_prompt_is_refused() -> None:
    """llama-server accepts ``echo`` and scores the generated token only."""
    choice = ECHO["choices"][0]
    scores = choice["logprobs"] | {"top_logprobs": choice["logprobs"]["top_logprobs"][-1:]}
    with pytest.raises(CloudAnswerInvalid, match="only some"):
        Echo("m").answer({"choices": [choice | {"logprobs": scores}]}, [ECHO_PROMPT], 2)
