"""Dialects: how each kind of server is asked to score a block of text.

Servers score a block in one of two ways, as token ids or as text:

============  ==========  ========  ============================================================
dialect       way         material  servers
============  ==========  ========  ============================================================
`Vllm`        block       ids       vLLM (``prompt_logprobs``)
`SgLang`      block       ids       SGLang (``/generate`` with ``logprob_start_len``)
`LlamaServer` prefixes    ids       llama-server (``/completion`` with a list of prompts)
`LlamaText`   prefixes    text      llama-server
`Echo`        block       text      llama_cpp.server, Together, vLLM, SGLang (``echo``)
============  ==========  ========  ============================================================

A block request holds the sequence once and returns every position; a prefix request holds it once
for each position. A new server gets a file of its own here and a line in `probe.py`.

Servers add the sequence's own token to the top-k of its position. It is dropped: a target
distribution that used it would depend on the draft.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from cogenesis_langchain.models.base import Json, StringTopK, TopK
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.text import PublicText

PROTOCOL_WORDS: Final = frozenset(
    {
        *("max_new_tokens", "temperature"),  # of SGLang's sampling parameters
        *("index", "completion_probabilities"),  # of llama-server's answer
        *("role", "content"),
    }
)
"""Words of the servers' protocols that stand below the first level of a request's body."""


class CloudServer(Protocol):
    """The server behind the cloud model; see `CloudModel`."""

    @property
    def name(self) -> str:
        """Name the server knows the model by."""
        ...

    def post(
        self,
        path: str,
        body: Mapping[str, Json],
        public: Sequence[PublicText],
        permit: EgressPermit,
        *,
        fixed: Collection[str] = (),
        retry: bool = True,
    ) -> Json:
        """Send a request; see `CloudModel.post`."""
        ...

    def get(self, path: str, permit: EgressPermit) -> Json | None:
        """Read a description that a server may offer; see `CloudModel.get`."""
        ...


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
