"""Chooses between token ids and text for verifying with a cloud endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.verification.alignment import Alignment
from cogenesis_langchain.fusion.verification.verifier import (
    DEFAULT_K,
    AlignedVerifier,
    TokenVerifier,
    Verifier,
)
from cogenesis_langchain.models.base import PublicMessage, TokenModel
from cogenesis_langchain.models.scoring.endpoint import CompletionsEndpoint
from cogenesis_langchain.models.scoring.scorers import HttpBlockScorer, HttpTextScorer
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.disclosure import Disclosure, PublicTokens
from cogenesis_langchain.prompts import PublicTemplate

_SAMPLE: Final = PublicTemplate(
    "In 2024, Zoë's naïve café sold 1,234 crêpes; 東京 — ДА! \t\n\n  'twas ok 🎉"
)
"""Two tokenizers that encode this text alike are taken to be the same."""


def open_verifier(
    endpoint: CompletionsEndpoint,
    local: TokenModel,
    messages: Sequence[PublicMessage],
    *,
    disclosure: Disclosure,
    k: int = DEFAULT_K,
    alignment: Callable[[], Alignment] | None = None,
) -> Verifier:
    """Open the best verifier that an endpoint and a local model allow.

    Token ids are used where the server accepts them and both tokenizers agree; text otherwise.

    Args:
        endpoint: The cloud model.
        local: The local model.
        messages: The cloud prompt.
        disclosure: Decides what the cloud model sees of the text.
        k: Size of the top-k per position.
        alignment: Returns a cached `Alignment` of the local model; None builds a new one, which
            takes a few tenths of a second.

    Raises:
        FusionError: The server cannot score blocks in a way that fits the local model.
        CloudError: The probe failed; the class says how.
    """
    capabilities = endpoint.probe()
    prompt = endpoint.render(messages)
    if capabilities.tokens is not None and same_tokenizer(endpoint, local):
        ids = PublicTokens.of([prompt], lambda texts: _encoded(endpoint, texts))
        return TokenVerifier(
            HttpBlockScorer(endpoint),
            ids,
            vocabulary_size=local.vocabulary_size,
            disclosure=disclosure,
            k=k,
        )
    if capabilities.texts is None:
        raise FusionError(
            "the two models have different tokenizers, and the server scores only token ids",
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
            "the server no longer answers tokenisation requests",
            remedy="try again, or use a local model with another tokenizer",
        )
    return ids
