"""The cloud side of fused decoding over HTTP: a `BlockScorer` and a `TextScorer`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar, final

from cogenesis_langchain.errors import CloudAnswerInvalid, FusionError
from cogenesis_langchain.models.scoring.dialect import PROTOCOL_WORDS, TextDialect, TokenDialect
from cogenesis_langchain.models.scoring.endpoint import CompletionsEndpoint
from cogenesis_langchain.models.scoring.scores import StringTopK, TopK
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.disclosure import PublicTokens

_Dialect = TypeVar("_Dialect")


class _HttpScorer(Generic[_Dialect]):
    """An endpoint and the dialect of its server."""

    def __init__(self, endpoint: CompletionsEndpoint, dialect: _Dialect, max_k: int) -> None:
        self._endpoint = endpoint
        self._dialect = dialect
        self.max_k = max_k

    def _require_k(self, k: int) -> None:
        if not 1 <= k <= self.max_k:
            raise FusionError(
                f"the server of {self._endpoint.name!r} gives at most {self.max_k} tokens a "
                f"position, not {k}",
                remedy=f"ask for 1 to {self.max_k}",
            )


@final
class HttpBlockScorer(_HttpScorer[TokenDialect]):
    """A `BlockScorer` over HTTP.

    Args:
        endpoint: The server.

    Raises:
        FusionError: It does not score token ids.
        CloudError: By kind.
    """

    def __init__(self, endpoint: CompletionsEndpoint) -> None:
        able = endpoint.probe()
        if able.tokens is None:
            raise FusionError(
                f"the server of {endpoint.name!r} does not score token ids",
                remedy="score text with HttpTextScorer",
            )
        super().__init__(endpoint, able.tokens, able.max_k)
        self.window = able.window
        self.end_tokens = able.end_tokens

    def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
        """Top-k after ``ids[:i]`` for each i in start..len(sequence).

        Raises:
            FusionError: k is larger than the server allows.
            CloudError: By kind.
        """
        self._require_k(k)
        request = self._dialect.request(sequence.ids, start, k)
        body = self._endpoint.server.post(
            self._dialect.path, request, (), self._endpoint.permit, fixed=PROTOCOL_WORDS
        )
        return self._dialect.answer(body, sequence.ids, start, k)


@final
class HttpTextScorer(_HttpScorer[TextDialect]):
    """A `TextScorer` over HTTP.

    Args:
        endpoint: The server.

    Raises:
        FusionError: It does not score text.
        CloudError: By kind.
    """

    def __init__(self, endpoint: CompletionsEndpoint) -> None:
        able = endpoint.probe()
        if able.texts is None:
            raise FusionError(
                f"the server of {endpoint.name!r} does not score text",
                remedy="use a local model with the cloud model's tokenizer, or the sketch mode",
            )
        super().__init__(endpoint, able.texts, able.max_k)

    def score_text(self, prefixes: Sequence[PublicText], k: int) -> list[StringTopK]:
        """Top-k after the first prefixes, up to the first that this answer does not cover.

        Where a token of the server crosses the end of even the first prefix, that prefix is sent
        again by itself.

        Raises:
            FusionError: k is larger than the server allows.
            CloudError: By kind.
        """
        self._require_k(k)
        answers = self._ask(prefixes, k)
        if not answers and len(prefixes) > 1:
            answers = self._ask(prefixes[:1], k)
        if not answers:
            raise CloudAnswerInvalid(
                f"a token of the server of {self._endpoint.name!r} crosses the end of the text, so "
                "its scores cannot be found",
                remedy="use a server that takes token ids or lists of prompts",
            )
        return answers

    def _ask(self, prefixes: Sequence[PublicText], k: int) -> list[StringTopK]:
        texts = [str(prefix) for prefix in prefixes]
        request = self._dialect.request(texts, k)
        body = self._endpoint.server.post(
            self._dialect.path, request, prefixes, self._endpoint.permit, fixed=PROTOCOL_WORDS
        )
        return self._dialect.answer(body, texts, k)
