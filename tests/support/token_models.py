"""Token models over words, whose wishes are scripted or random."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from cogenesis_langchain.models.base import LogProbs, PrivateMessage
from cogenesis_langchain.models.decoding.logits import log_softmax

T = TypeVar("T")

_PIECE: Final = re.compile(r" ?\w+| ?[^\w\s]|\s")
_CHARACTERS: Final = [chr(code) for code in range(32, 127)] + list(
    "\n\t\x02\x03äöüßÄÖÜéèàçñабвгдежзийклмнопрстуфхцчшщыьэюя’“”–…。"
)
_ANSWER: Final = "\x02assistant\n"
_QUESTION: Final = "Go on. "
_DECOYS: Final = [f" Xylo{one}{other}" for one in "abcdefgh" for other in "abcdefgh"]
"""Names that no notes hold: what a model writes that has no word of its own."""
_DECOY: Final = -30.0
_END: Final = -20.0
_IMPROBABLE: Final = -40.0


class WordTokens:
    """A `TokenModel` whose tokens are words with the space before them, and characters.

    Args:
        texts: Their words are tokens; other words are spelled by characters.
        window: Most tokens of a sequence.
    """

    def __init__(self, texts: Iterable[str] = (), *, window: int = 100_000) -> None:
        words = (piece for text in texts for piece in _PIECE.findall(text))
        pieces = [*_CHARACTERS, *(f" {one}" for one in _CHARACTERS if not one.isspace()), *words]
        self._pieces = list(dict.fromkeys(pieces))
        self._ids = {piece: number for number, piece in enumerate(self._pieces)}
        self.end = len(self._pieces)
        self.window = window
        self.vocabulary_size = self.end + 1
        self.end_tokens = frozenset({self.end})

    def without_wishes(self) -> WordTokens:
        """A model with the same tokens that finds every one as probable as another."""
        return WordTokens(self._pieces, window=self.window)

    def encode(self, text: bytes) -> list[int]:
        ids: list[int] = []
        for piece in _PIECE.findall(text.decode()):
            if piece in self._ids:
                ids.append(self._ids[piece])
                continue
            first = 2 if piece[0] == " " else 1
            ids += [self._ids[piece[:first]], *(self._ids[one] for one in piece[first:])]
        return ids

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        turns = [f"\x02{turn.role}\n{turn.text.reveal()}\x03" for turn in messages]
        return self.encode(("".join(turns) + _ANSWER).encode())

    def decode(self, ids: Sequence[int]) -> bytes:
        return "".join(self._pieces[one] for one in ids if one != self.end).encode()

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        assert len(ids) <= self.window
        return log_softmax(self.logits(ids))

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], T]) -> list[T]:
        return [reduce(self.next_logprobs(ids[:end])) for end in range(start, len(ids) + 1)]

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Every token is as probable as another."""
        return np.zeros(self.vocabulary_size, np.float32)


class Wishes(WordTokens):
    """Wants to answer questions in scripted words; where it cannot, it ends or invents names.

    Args:
        wishes: For words of a question, the whole sentences that it would answer with, dearest
            first. What the question tells of the notes does not count.
        texts: Further texts whose words are tokens.
        gap: How much less it wants each further wish, in nats.
        window: Most tokens of a sequence.
    """

    def __init__(
        self,
        wishes: Mapping[str, str | Sequence[str]],
        texts: Iterable[str] = (),
        *,
        gap: float = 2.0,
        window: int = 100_000,
    ) -> None:
        self._wishes = {
            asked: [one] if isinstance(one, str) else list(one) for asked, one in wishes.items()
        }
        every = [one for several in self._wishes.values() for one in several]
        super().__init__([*every, *texts, *_DECOYS], window=window)
        self._decoys = [self.encode(decoy.encode())[0] for decoy in _DECOYS]
        self._gap = gap
        self.questions: list[str] = []
        self.prompts: list[str] = []

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        self.prompts.append("\n".join(turn.text.reveal() for turn in messages))
        return super().encode_chat(messages)

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        logits = np.full(self.vocabulary_size, _IMPROBABLE, np.float32)
        logits[self._decoys] = _DECOY
        logits[self.end] = _END
        question, _, answer = self.decode(ids).decode().rpartition(_ANSWER)
        question = question.rpartition(_QUESTION)[2].partition("\nNotes:")[0]
        if question not in self.questions[-1:]:
            self.questions.append(question)
        for asked, wished in self._wishes.items():
            if asked in question:
                for rank, one in enumerate(wished):
                    token = self._next(one, answer)
                    if token is not None:
                        logits[token] = max(logits[token], -self._gap * rank)
                break
        return logits

    def _next(self, wish: str, answer: str) -> int | None:
        if not wish.startswith(answer):
            return None
        rest = self.encode(wish[len(answer) :].encode())
        return rest[0] if rest else self.end


class Endless(WordTokens):
    """Wants to write one word after the other, for ever, and to end least of all.

    Args:
        words: What it writes, with the space before each.
    """

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(words)
        self._words = self.encode("".join(words).encode())

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        logits = np.full(self.vocabulary_size, _END, np.float32)
        logits[self.end] = logits[self.encode(b"\n")] = _IMPROBABLE
        count = len(self._words)
        for rank in range(count):
            logits[self._words[(len(ids) + rank) % count]] = -rank
        return logits


class RandomTokens(WordTokens):
    """Wants something at random, the same after the same words.

    Args:
        texts: Their words are tokens.
        seed: Of what it wants.
    """

    def __init__(self, texts: Iterable[str], seed: int) -> None:
        super().__init__(texts)
        self._seed = seed

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        state = zlib.crc32(np.asarray(ids[-6:], np.int32).tobytes(), self._seed)
        return np.random.default_rng(state).normal(0, 3, self.vocabulary_size).astype(np.float32)
