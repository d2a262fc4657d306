"""A local model and a cloud model of bytes, which write under a bound: `Bounded`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cogenesis_langchain.errors import CloudTimeout
from cogenesis_langchain.fusion.bounded.decoder import BoundedDecoder
from cogenesis_langchain.fusion.operators import Mixture
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.fusion.verification.verifier import TokenVerifier
from cogenesis_langchain.models.base import GenerationOptions, LogProbs, PrivateMessage
from cogenesis_langchain.models.decoding.logits import log_softmax, top_k
from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.bounded_disclosure import BoundedDisclosure
from cogenesis_langchain.privacy.views.disclosure import PublicTokens
from cogenesis_langchain.privacy.views.limits import Bounded
from cogenesis_langchain.prompts import PublicTemplate

T = TypeVar("T")
END = 0
LETTERS = b"abc"
TASK = PublicText.compose(PublicTemplate("Task: "))
Floats = NDArray[np.float64]


def logits_of(seed: object, likely: bytes, scale: float) -> NDArray[np.float32]:
    digest = hashlib.blake2b(repr(seed).encode(), digest_size=8).digest()
    chance = np.random.default_rng(int.from_bytes(digest))
    logits = np.full(256, -40.0, dtype=np.float32)
    logits[[END, *likely]] = chance.normal(scale=scale, size=len(likely) + 1)
    logits[END] -= 2.0
    return logits


class TinyModel:
    """A local model of bytes. What its prompt begins with changes every distribution."""

    vocabulary_size = 256
    window = 1000
    end_tokens = frozenset({END})

    def __init__(self, secret: bytes = b"") -> None:
        self._secret = secret

    def encode(self, text: bytes) -> list[int]:
        return list(text)

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        return [*"\n".join(message.text.reveal() for message in messages).encode(), ord("|")]

    def decode(self, ids: Sequence[int]) -> bytes:
        return bytes(token for token in ids if token != END)

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        at = ids.index(ord("|"))
        written = bytes(ids[at + 1 :])
        logits = logits_of(("local", bytes(ids[:at]), written), LETTERS, 2.5)
        if self._secret and bytes(ids[:at]) == b"alice":
            begun = max(n for n in range(len(self._secret)) if written.endswith(self._secret[:n]))
            logits[self._secret[begun]] = 12.0
        return log_softmax(logits)

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], T]) -> list[T]:
        return [reduce(self.next_logprobs(ids[:end])) for end in range(start, len(ids) + 1)]


class TinyCloud:
    """A `BlockScorer` that keeps what it was sent; it leaves a blank after each letter of a set."""

    window = 1000
    max_k = 20
    end_tokens = frozenset({END})

    def __init__(self, *, blanks_after: bytes = b"", fails_after: int = 10_000) -> None:
        self._blanks_after = blanks_after
        self._fails_after = fails_after
        self.sent: list[bytes] = []

    def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
        if len(self.sent) >= self._fails_after:
            raise CloudTimeout("no answer", remedy="try again")
        ids = bytes(sequence.ids)
        self.sent.append(ids)
        return [top_k(self._logits(ids[:end]), k) for end in range(start, len(ids) + 1)]

    def _logits(self, text: bytes) -> NDArray[np.float32]:
        logits = logits_of(("cloud", text), LETTERS, 1.0)
        if text[-1] in self._blanks_after:
            logits[ord("[")] = 20.0
        return log_softmax(logits)


def decoding(
    prompt: bytes,
    cloud: TinyCloud,
    *,
    bound: Bounded,
    seed: int = 0,
    tokens: int = 4,
    secret: bytes = b"",
    temperature: float = 1.0,
    disclosure: BoundedDisclosure | None = None,
) -> Iterator[Any]:
    model = TinyModel(secret)
    view = disclosure or BoundedDisclosure(encode=model.encode, decode=model.decode)
    verifier = TokenVerifier(
        cloud,
        PublicTokens.of([TASK], lambda texts: list(str(texts[0]).encode())),
        vocabulary_size=256,
        disclosure=view,
    )
    decoder = BoundedDecoder(
        model, TinyModel(), bound, operator=Mixture(0.5), presence_penalty=0.0, draft_tokens=2
    )
    return decoder.stream(
        [*prompt, ord("|")],
        [*b"public", ord("|")],
        verifier,
        view,
        GenerationOptions(max_tokens=tokens, temperature=temperature, top_p=1.0, seed=seed),
    )


def write(prompt: bytes, cloud: TinyCloud, **settings: Any) -> Trace:
    return Trace.of(decoding(prompt, cloud, **settings))


BOUND = Bounded(epsilon=2.0, delta=1e-9)
