"""Choosing how a cloud endpoint verifies for a local model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.alignment import Alignment
from cogenesis_langchain.fusion.verifier import DEFAULT_K, AlignedVerifier, TokenVerifier, Verifier
from cogenesis_langchain.models.base import PublicMessage, TokenModel
from cogenesis_langchain.models.scoring.endpoint import CompletionsEndpoint
from cogenesis_langchain.models.scoring.scorers import HttpBlockScorer, HttpTextScorer
from cogenesis_langchain.privacy.disclosure import Disclosure, PublicTokens
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import PublicTemplate

_SAMPLE: Final = PublicTemplate(
    "In 2024, Zoë's naïve café sold 1,234 crêpes; 東京 — ДА! \t\n\n  'twas ok 🎉"
)
"""Two tokenizers that agree on this are taken to be the same."""


def open_verifier(
    endpoint: CompletionsEndpoint,
    local: TokenModel,
    messages: Sequence[PublicMessage],
    *,
    disclosure: Disclosure,
    k: int = DEFAULT_K,
    alignment: Callable[[], Alignment] | None = None,
) -> Verifier:
    """Open the best way of judging that an endpoint and a local model allow.

    Token ids where the server takes them and both tokenizers agree, text otherwise.

    Args:
        endpoint: The cloud model.
        local: The local model.
        messages: The cloud prompt.
        disclosure: Makes what the cloud model sees of the text.
        k: Tokens a position.
        alignment: Gives that of the local model, where one is kept; it takes a moment to make.

    Raises:
        FusionError: The server cannot score blocks in a way that fits the local model.
        CloudError: By kind.
    """
    able = endpoint.probe()
    prompt = endpoint.render(messages)
    if able.tokens is not None and same_tokenizer(endpoint, local):
        ids = PublicTokens.of([prompt], lambda texts: _encoded(endpoint, texts))
        return TokenVerifier(
            HttpBlockScorer(endpoint),
            ids,
            vocabulary_size=local.vocabulary_size,
            disclosure=disclosure,
            k=k,
        )
    if able.texts is None:
        raise FusionError(
            "the vocabularies of the two models do not fit, and the server scores only token ids",
            remedy="use a local model of the same family, or a server that scores text",
        )
    return AlignedVerifier(
        HttpTextScorer(endpoint),
        prompt,
        local=local,
        alignment=Alignment(local) if alignment is None else alignment(),
        disclosure=disclosure,
        k=k,
    )


def same_tokenizer(endpoint: CompletionsEndpoint, local: TokenModel) -> bool:
    """Whether the server's tokenizer and the local model's encode a varied text alike."""
    sample = PublicText.compose(_SAMPLE)
    return endpoint.encode(sample) == local.encode(str(sample).encode())


def _encoded(endpoint: CompletionsEndpoint, texts: Sequence[PublicText]) -> list[int]:
    ids = endpoint.encode(texts[0])
    if ids is None:
        raise FusionError(
            "the server no longer tokenises",
            remedy="try again, or use a local model with another tokenizer",
        )
    return ids
