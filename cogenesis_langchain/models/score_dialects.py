"""What servers call block scoring: request bodies and answers, one class a dialect.

Two ways to score a block, and two kinds of material:

============  ==========  ========  ============================================================
dialect       way         material  servers
============  ==========  ========  ============================================================
`Vllm`        block       ids       vLLM (``prompt_logprobs``)
`SgLang`      block       ids       SGLang (``/generate`` with ``logprob_start_len``)
`LlamaServer` prefixes    ids       llama-server (``/completion`` with a list of prompts)
`LlamaText`   prefixes    text      llama-server
`Echo`        block       text      llama_cpp.server, Together, vLLM, SGLang (``echo``)
============  ==========  ========  ============================================================

A block request holds the sequence once and gets every position; a prefix request holds it once for
each position. Servers add the sequence's own token to the top-k of its position; it is dropped,
because a target that used it would depend on the draft.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Protocol, TypeAlias, cast, final

from cogenesis_langchain.errors import CloudAnswerInvalid
from cogenesis_langchain.models.base import StringTopK, TopK

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

_ECHO_MARGIN: Final = 4
"""Dictionaries keyed by text merge tokens that read alike, so more are asked for than used."""


class TokenDialect(Protocol):
    """Scores a block of token ids."""

    @property
    def name(self) -> str:
        """Name for reports."""
        ...

    @property
    def path(self) -> str:
        """Path of the endpoint."""
        ...

    def request(self, ids: Sequence[int], start: int, k: int) -> dict[str, Json]:
        """Body of the request for positions start..len(ids)."""
        ...

    def answer(self, body: Json, ids: Sequence[int], start: int, k: int) -> list[TopK]:
        """Read the answer.

        Raises:
            CloudAnswerInvalid: It does not hold what was asked for.
        """
        ...


class TextDialect(Protocol):
    """Scores the ends of growing texts."""

    @property
    def name(self) -> str:
        """Name for reports."""
        ...

    @property
    def path(self) -> str:
        """Path of the endpoint."""
        ...

    def request(self, prefixes: Sequence[str], k: int) -> dict[str, Json]:
        """Body of the request for the ends of these texts."""
        ...

    def answer(self, body: Json, prefixes: Sequence[str], k: int) -> list[StringTopK]:
        """Read the answer, up to the first prefix at which the server saw no token boundary.

        Raises:
            CloudAnswerInvalid: It does not hold what was asked for.
        """
        ...


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
        choice = _item(_field(body, "choices"), 0)
        prompt = _list(_field(choice, "prompt_logprobs"))
        if len(prompt) != len(ids):
            raise _invalid("the server re-tokenised the sequence")
        scores = [
            _ranked(
                (int(token), _number(_field(entry, "logprob")))
                for token, entry in _mapping(position).items()
                if _number(_field(entry, "rank")) <= k
            )
            for position in prompt[start:]
        ]
        last = _mapping(_item(_field(_field(choice, "logprobs"), "top_logprobs"), 0))
        pairs = ((int(name.removeprefix("token_id:")), _number(p)) for name, p in last.items())
        return [*scores, _ranked(pairs, k)]


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
        info = _field(body, "meta_info")
        given = _list(_field(info, "input_top_logprobs"))
        if len(given) != len(ids) - start + 1:
            raise _invalid("the server re-tokenised the sequence")
        positions = [*given[1:], _item(_field(info, "output_top_logprobs"), 0)]
        return [
            _ranked(((_id(_item(t, 1)), _number(_item(t, 0))) for t in _list(position)), k)
            for position in positions
        ]


@final
@dataclass(frozen=True, slots=True)
class LlamaServer:
    """A list of prefixes of ids for llama.cpp's llama-server; each re-uses the cache of the last.

    The answers hold ids and log-probabilities of the model itself, before sampling.
    """

    name = "llama-server"
    path = "/completion"

    def request(self, ids: Sequence[int], start: int, k: int) -> dict[str, Json]:
        """One prompt for each position."""
        return _llama_request([list(ids[:end]) for end in range(start, len(ids) + 1)], k)

    def answer(self, body: Json, ids: Sequence[int], start: int, k: int) -> list[TopK]:
        """Read the answers in the order of the prompts."""
        return [
            _ranked(((_id(_field(t, "id")), _number(_field(t, "logprob"))) for t in top), k)
            for top in _llama_answer(body, len(ids) - start + 1)
        ]


@final
@dataclass(frozen=True, slots=True)
class LlamaText:
    """A list of prefixes of text for llama-server, each tokenised by itself.

    Attributes:
        ends: Ids that end the cloud model's turn.
    """

    ends: frozenset[int] = frozenset()
    name = "llama-server, text"
    path = "/completion"

    def request(self, prefixes: Sequence[str], k: int) -> dict[str, Json]:
        """One prompt for each prefix."""
        return _llama_request(list(prefixes), k)

    def answer(self, body: Json, prefixes: Sequence[str], k: int) -> list[StringTopK]:
        """Read the answers in the order of the prompts."""
        return [self._strings(top, k) for top in _llama_answer(body, len(prefixes))]

    def _strings(self, top: Sequence[Json], k: int) -> StringTopK:
        return _strings(
            (
                None
                if _id(_field(entry, "id")) in self.ends
                else bytes(_id(byte) for byte in _list(_field(entry, "bytes"))),
                _number(_field(entry, "logprob")),
            )
            for entry in top[:k]
        )


@final
@dataclass(frozen=True, slots=True)
class Echo:
    """``echo`` with ``logprobs``: the server repeats the prompt with the scores of its tokens.

    Attributes:
        model: Name the server knows the model by.
        ends: Texts that end the cloud model's turn.
        shift: Entries by which an answer's scores come late; see `observed_shift`.
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
            "logprobs": k + _ECHO_MARGIN,
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
            entries = _mapping(_item(tops, index - self.shift))
            best = sorted(entries.items(), key=lambda entry: -_number(entry[1]))[:k]
            scores.append(
                _strings(
                    (None if text in self.ends else _readable(text), _number(logprob))
                    for text, logprob in best
                )
            )
        return scores


def _echoed(body: Json) -> tuple[list[str], Sequence[Json]]:
    """Tokens of prompt and answer, and the top-k that stands with each.

    Together gives prompt and answer apart; the others in one list.
    """
    parts = [_field(_item(_field(body, "choices"), 0), "logprobs")]
    if isinstance(body, Mapping) and body.get("prompt"):
        parts.insert(0, _field(_item(body["prompt"], 0), "logprobs"))
    tokens = [str(token) for part in parts for token in _list(_field(part, "tokens"))]
    tops = [top for part in parts for top in _list(_field(part, "top_logprobs"))]
    if len(tokens) != len(tops):
        raise _invalid("the server scored only some of the tokens")
    return tokens, tops


def _offsets(body: Json, tokens: Sequence[str]) -> list[int]:
    """Characters before each token. A character split over tokens begins with the first of them."""
    given = _field(_item(_field(body, "choices"), 0), "logprobs")
    if isinstance(given, Mapping) and given.get("text_offset"):
        offsets = [_id(offset) for offset in _list(given["text_offset"])]
        if len(offsets) == len(tokens):
            return offsets
    return list(accumulate((len(token) for token in tokens[:-1]), initial=0))


def observed_shift(answers: Mapping[str, Json]) -> int:
    """Find by how many entries a server's scores come late.

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
        generated = str(_field(_item(_field(body, "choices"), 0), "text")).removeprefix(prompt)
        fitting &= {
            shift
            for shift in (0, 1)
            if count - shift < len(tops)
            and isinstance(top := tops[count - shift], Mapping)
            and _best(top) == generated
        }
    if not fitting:
        raise _invalid("the scores do not stand with the tokens that they predict")
    return min(fitting)


def _best(entries: Mapping[str, Json]) -> str:
    return max(entries, key=lambda text: _number(entries[text]))


def _llama_request(prompts: Sequence[Json], k: int) -> dict[str, Json]:
    return {
        "prompt": prompts,
        "n_predict": 1,
        "n_probs": k,
        "temperature": 0.0,
        "cache_prompt": True,
        "post_sampling_probs": False,
        "response_fields": ["index", "completion_probabilities"],
    }


def _llama_answer(body: Json, count: int) -> list[Sequence[Json]]:
    """Top-k lists in the order of the prompts; a single answer may come without a list."""
    answers = [body] if isinstance(body, Mapping) else list(_list(body))
    answers.sort(key=lambda answer: _number(_field(answer, "index")))
    if len(answers) != count:
        raise _invalid(f"the server answered {len(answers)} prompts of {count}")
    return [
        _list(_field(_item(_field(answer, "completion_probabilities"), 0), "top_logprobs"))
        for answer in answers
    ]


def _ranked(pairs: Iterable[tuple[int, float]], k: int | None = None) -> TopK:
    """The k best of the pairs, most probable first, equal ones by id."""
    import numpy as np

    best = sorted(set(pairs), key=lambda pair: (-pair[1], pair[0]))[:k]
    if not best:
        raise _invalid("a position has no log-probabilities")
    ids, logprobs = zip(*best, strict=True)
    return TopK(np.array(ids, dtype=np.int64), np.array(logprobs, dtype=np.float64))


def _strings(pairs: Iterable[tuple[bytes | None, float]]) -> StringTopK:
    """Strings with their log-probabilities; None marks the end of the turn."""
    import numpy as np

    entries = list(pairs)
    ends = [logprob for text, logprob in entries if text is None]
    texts = [(text, logprob) for text, logprob in entries if text is not None]
    return StringTopK(
        tuple(text for text, _ in texts),
        np.array([logprob for _, logprob in texts], dtype=np.float64),
        float(np.logaddexp.reduce(ends)) if ends else None,
    )


def _readable(text: str) -> bytes:
    """Bytes of a token given as text; none where it held part of a character."""
    return b"" if "\ufffd" in text else text.encode()


def _invalid(what: str) -> CloudAnswerInvalid:
    return CloudAnswerInvalid(
        what, remedy="check the server's version and that its model serves completions"
    )


def _field(value: Json, name: str) -> Json:
    if not isinstance(value, Mapping) or name not in value:
        raise _invalid(f"the answer has no {name!r}")
    return value[name]


def _mapping(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise _invalid("the answer has no log-probabilities at a position")
    return value


def _list(value: Json) -> Sequence[Json]:
    if not isinstance(value, list):
        raise _invalid("the answer lacks a list of log-probabilities")
    return cast("Sequence[Json]", value)


def _item(value: Json, index: int) -> Json:
    items = _list(value)
    if not 0 <= index < len(items):
        raise _invalid("the answer is shorter than what was asked for")
    return items[index]


def _number(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _invalid("the answer holds something else than a number")
    return float(value)


def _id(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid("the answer holds something else than a token id")
    return value
