"""Dialects: the request and answer formats of the servers that score a block of text.

A dialect sends the block as one sequence or as a list of prefixes, in token ids or as text:

============  ==========  ========  ============================================================
dialect       way         material  servers
============  ==========  ========  ============================================================
`Vllm`        block       ids       vLLM (``prompt_logprobs``)
`SgLang`      block       ids       SGLang (``/generate`` with ``logprob_start_len``)
`LlamaServer` prefixes    ids       llama-server (``/completion`` with a list of prompts)
`LlamaText`   prefixes    text      llama-server
`Echo`        block       text      llama_cpp.server, Together, vLLM, SGLang (``echo``)
============  ==========  ========  ============================================================

A block request contains the sequence once, and its answer covers every position. A prefix request
contains one prefix for each position. To support another server, add a file here and an entry in
`ServerProbe.ask` (`probe.py`). Strings below the first level of its requests belong in
`PROTOCOL_WORDS`; a request with others is refused.

Some servers add the sequence's own token to the top-k of its position. Dialects drop it, because
the cloud model's distribution must not depend on the drafted token.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.scoring.scores import StringTopK, TopK
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
        """The model's name on the server."""
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
        """Read an optional description of the server; see `CloudModel.get`."""
        ...


class TokenDialect(Protocol):
    """Format of a request that scores a block of token ids."""

    @property
    def name(self) -> str:
        """Name for reports."""
        ...

    @property
    def path(self) -> str:
        """Path of the endpoint."""
        ...

    def request(self, ids: Sequence[int], start: int, k: int) -> dict[str, Json]:
        """Return the request body that asks for positions start..len(ids)."""
        ...

    def answer(self, body: Json, ids: Sequence[int], start: int, k: int) -> list[TopK]:
        """Parse the answer.

        Raises:
            CloudAnswerInvalid: It does not contain what was asked for.
        """
        ...


class TextDialect(Protocol):
    """Format of a request that scores the token after each of several texts."""

    @property
    def name(self) -> str:
        """Name for reports."""
        ...

    @property
    def path(self) -> str:
        """Path of the endpoint."""
        ...

    def request(self, prefixes: Sequence[str], k: int) -> dict[str, Json]:
        """Return the request body that asks for the token after each of these texts."""
        ...

    def answer(self, body: Json, prefixes: Sequence[str], k: int) -> list[StringTopK]:
        """Parse the answer, up to the first prefix that does not end at a token boundary.

        Raises:
            CloudAnswerInvalid: It does not contain what was asked for.
        """
        ...
