"""Decodes one slot: the local model goes on with the text until the words that follow fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from cogenesis_langchain.collaboration.completion.copy_rules import WORD, CopyRules, starts_sentence
from cogenesis_langchain.collaboration.completion.name_slots import names_somebody, spells_name
from cogenesis_langchain.collaboration.completion.token_choice import TokenChoice, most_probable
from cogenesis_langchain.models.base import LogProbs, TokenModel
from cogenesis_langchain.sketch.template import Slot, SlotKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIT: Final[dict[SlotKind, float]] = {"name": -0.7, "value": -1.5, "phrase": -3.0, "sentences": -3.0}
"""Natural-log ratio, in nats, of the words that follow a slot to the model's own favourites: from
here on they fit, and the slot ends. Names and values are short, so their end has to be nearly the
model's first choice: "Teodor" must not end a signature that goes on with the surname."""
_BROKEN: Final = -8.0
"""Below this ratio a sentence does not read on from the slot, and it is left out."""
_IMPROBABLE: Final = -9.0
"""Below this ratio to the model's favourite a token is not taken, even where all others are
refused: such a token does not go on with the text, it only breaks no rule."""
_MOST_TOKENS: Final[dict[SlotKind, int]] = {
    "name": 14,
    "value": 26,
    "phrase": 34,
    "sentences": 40,  # for each sentence
}
_CANDIDATES: Final = 48
"""Tokens a position that are looked at, most probable first."""
_MOST_BANS: Final = 4
"""Words that are tried and refused in one place before the slot is given up."""
_AGREEING: Final = 16
_FIRST_WORDS: Final = re.compile(r"\s*[^\w\s]*\s*[\w'’]*")
_LOOK_AHEAD: Final = 5  # tokens of the words that follow
_UNWANTED: Final = re.compile(r"[\[\]{}<>_|*#`\\…\n]|\.\.")
_CLAUSE_END: Final = re.compile(r"[.!?;。！？](?!\w)")
_SENTENCE_END: Final = re.compile(r"[.!?…。！？][\"'”’)]*(?=\s|$)")
_END_MARKS: Final = ".!?…。！？"
_ABBREVIATION: Final = re.compile(r"\b(?:St|Mr|Mrs|Ms|Dr|Prof|No|Nr|Str|[A-Z])$")
_LAST_WORD: Final = re.compile(r"(?:^|\s)\S+$")
Reason = Literal["fits", "sentences", "clause", "length", "refused", "empty", "joint", "value"]


@dataclass(frozen=True, slots=True)
class Filled:
    """What the local model made of a slot.

    Attributes:
        text: Its words; empty if nothing can stand there.
        reason: Why it ended or why it is empty.
        tokens: Tokens that were decoded, refused ones included.
    """

    text: str
    reason: Reason
    tokens: int


@dataclass(slots=True)
class _Draft:
    """A slot while it is decoded.

    Attributes:
        before: The text before the slot, with the white space that the slot begins with.
        prompt: Tokens of the prompt and of that text.
        ids: Tokens of the slot.
        text: Their text, without that white space.
        bans: Tokens that were refused, by position.
        ends: Positions at which the slot could end, with the fit of what follows.
    """

    before: str
    prompt: list[int]
    ids: list[int] = field(default_factory=list)
    text: str = ""
    bans: dict[int, set[int]] = field(default_factory=dict)
    ends: dict[int, float] = field(default_factory=dict)
    decoded: int = 0


class SlotDecoder:
    """Fills slots with a local model.

    Args:
        model: The local model's distributions.
        rules: What may be copied into a slot.
        choice: How a token is chosen among those that are allowed.
    """

    def __init__(self, model: TokenModel, rules: CopyRules, choice: TokenChoice) -> None:
        self._model = model
        self._rules = rules
        self._choice = choice

    def fill(self, prompt: Sequence[int], before: str, slot: Slot, after: str) -> Filled:
        """Fill one slot.

        Args:
            prompt: Tokens up to where the answer begins.
            before: The answer so far.
            slot: The slot.
            after: The words that follow the slot; empty at the end of the text.
        """
        # A trailing space belongs to the first token of the slot: tokens begin with their space.
        bare = before.rstrip(" ")
        draft = _Draft(before, [*prompt, *self._encode(bare)])
        most = _MOST_TOKENS[slot.kind] * max(slot.sentences, 1)
        reason: Reason = "length"
        while draft.decoded < most:
            logprobs = self._model.next_logprobs([*draft.prompt, *draft.ids])
            best = most_probable(logprobs, _CANDIDATES)
            ended = self._end(draft, slot, after, logprobs, best)
            if ended is not None:
                reason = ended
                break
            if self._refuses_last_word(draft, best, logprobs, slot):
                if not self._back_before_word(draft):
                    reason = "refused"
                    break
                continue
            token = self._choose(draft, slot, logprobs, best)
            if token is None:
                reason = "refused"
                break
            draft.ids.append(token)
            draft.text = self._text(draft)
            draft.decoded += 1
        return self._result(draft, slot, after, reason)

    # Ends

    def _end(
        self,
        draft: _Draft,
        slot: Slot,
        after: str,
        logprobs: LogProbs,
        best: NDArray[np.int64],
    ) -> Reason | None:
        """Return why the slot ends here, if it does; note where it could."""
        if not draft.text.strip() or not self._rules.admits(draft.before, draft.text):
            return None
        if slot.kind == "sentences":
            return self._end_of_sentences(draft, slot, after, logprobs, best)
        if slot.kind == "name" and not names_somebody(draft.text, slot, self._rules):
            return None
        favourite = self._piece(best[0])
        stops = int(best[0]) in self._model.end_tokens or favourite.startswith("\n")
        stops = stops or bool(_CLAUSE_END.match(favourite.lstrip()))
        if _ABBREVIATION.search(draft.text) and favourite.startswith("."):
            stops = False
        if stops or self._may_follow(after, best):
            fit = self._fit(draft, after, logprobs)
            draft.ends[len(draft.ids)] = fit
            if fit > FIT[slot.kind]:
                return "fits"
        return "clause" if stops else None

    def _end_of_sentences(
        self,
        draft: _Draft,
        slot: Slot,
        after: str,
        logprobs: LogProbs,
        best: NDArray[np.int64],
    ) -> Reason | None:
        ends = list(_SENTENCE_END.finditer(draft.text))
        if not ends or ends[-1].end() < len(draft.text.rstrip()):
            return None
        draft.ends[len(draft.ids)] = 0.0
        if len(ends) >= slot.sentences:
            return "sentences"
        favourite = self._piece(best[0])
        if int(best[0]) in self._model.end_tokens or favourite.startswith("\n"):
            return "fits"
        fits = after.strip() and self._fit(draft, after, logprobs) > FIT[slot.kind]
        return "fits" if fits else None

    def _may_follow(self, after: str, best: NDArray[np.int64]) -> bool:
        """Whether one of the most probable tokens begins what follows."""
        pieces = (self._piece(token) for token in best[:_AGREEING])
        return any(
            piece and (after.startswith(piece) or piece.startswith(after)) for piece in pieces
        )

    def _fit(self, draft: _Draft, after: str, logprobs: LogProbs) -> float:
        """How well what follows the slot reads on, in nats against the model's favourites."""
        if not after.strip():
            lines = self._model.encode(b"\n") + self._model.encode(b"\n\n")
            ends = [*self._model.end_tokens, *(ids for ids in lines)]
            return float(max(logprobs[end] for end in ends) - logprobs.max())
        first = _FIRST_WORDS.match(after)
        chunk = first[0] if first and first[0].strip() else after[:1]
        written = draft.before + draft.text
        bare, joined = self._encode(written), self._encode(written + chunk)
        shared = next(
            (i for i, (a, b) in enumerate(zip(bare, joined, strict=False)) if a != b),
            min(len(bare), len(joined)),
        )
        start = len(draft.prompt) - len(self._encode(draft.before.rstrip(" ")))
        head = [*draft.prompt[:start], *joined[:shared]]
        tail = joined[shared : shared + _LOOK_AHEAD]
        expected = iter(tail)

        def ratio(logprobs: LogProbs) -> float:
            return float(logprobs[next(expected)] - logprobs.max())

        return sum(self._model.read([*head, *tail[:-1]], len(head), ratio))

    # Tokens

    def _choose(
        self, draft: _Draft, slot: Slot, logprobs: LogProbs, best: NDArray[np.int64]
    ) -> int | None:
        banned = draft.bans.get(len(draft.ids), set())
        least = logprobs.max() + _IMPROBABLE
        allowed = (
            int(token)
            for token in best
            if logprobs[token] >= least
            and int(token) not in banned
            and self._allows(draft, slot, int(token))
        )
        free = slot.kind in ("phrase", "sentences")
        return self._choice.choose(allowed, logprobs, free=free)

    def _allows(self, draft: _Draft, slot: Slot, token: int) -> bool:
        piece = self._piece(token)
        if token in self._model.end_tokens or _UNWANTED.search(piece):
            return False
        if not piece.strip() and self._is_partial(token):
            return bool(draft.ids) or piece.startswith(" ") == draft.before.endswith(" ")
        if not draft.ids and (
            piece.startswith(" ") != draft.before.endswith(" ") or not piece.strip()
        ):
            return False
        text = (draft.text + piece).lstrip(" ") if not draft.ids else draft.text + piece
        if slot.kind != "sentences":
            abbreviated = _ABBREVIATION.search(draft.text) and piece.startswith(".")
            if _CLAUSE_END.match(piece.strip()) and not abbreviated:
                return False
        elif not draft.text and starts_sentence(draft.before) and text[:1].islower():
            return False
        if slot.kind == "name" and not spells_name(text, self._rules):
            return False
        word = re.search(r"[^\s(\"“‘'$€£]*$", text)
        return word is None or self._rules.may_begin(word[0])

    def _refuses_last_word(
        self, draft: _Draft, best: NDArray[np.int64], logprobs: LogProbs, slot: Slot
    ) -> bool:
        """Whether the last word is complete and may not stand there."""
        if not draft.ids or not draft.text[-1:].isalnum():
            return False
        banned = draft.bans.get(len(draft.ids), set())
        following = next((int(token) for token in best if int(token) not in banned), None)
        if following is not None and self._continues_word(following):
            return False
        loops = slot.kind != "sentences" and _repeats_a_pair(draft.text)
        return loops or not self._rules.admits(draft.before, draft.text)

    def _continues_word(self, token: int) -> bool:
        """Whether a token goes on with a word; part of a character counts as one of a letter."""
        return self._piece(token)[:1].isalnum() or self._is_partial(token)

    def _back_before_word(self, draft: _Draft) -> bool:
        """Take the last word back and ban its first token there; False if that is hopeless."""
        found = _LAST_WORD.search(draft.text)
        kept = draft.text[: found.start()] if found else ""
        while draft.ids and len(self._text(draft)) > len(kept):
            refused = draft.ids.pop()
        position = len(draft.ids)
        draft.text = self._text(draft)
        draft.bans = {at: bans for at, bans in draft.bans.items() if at <= position}
        draft.ends = {at: fit for at, fit in draft.ends.items() if at <= position}
        draft.bans.setdefault(position, set()).add(refused)
        return len(draft.bans[position]) <= _MOST_BANS

    # Result

    def _result(self, draft: _Draft, slot: Slot, after: str, reason: Reason) -> Filled:
        if not draft.ends:
            return Filled("", reason if reason == "refused" else "empty", draft.decoded)
        # A later end has to fit better by a little for each word, or the slot would run on.
        position = max(draft.ends, key=lambda end: (draft.ends[end] - 0.1 * end, -end))
        if slot.kind == "sentences" or reason == "fits":
            position = max(draft.ends)
        fit = draft.ends[position]
        draft.ids = draft.ids[:position]
        text = self._text(draft).rstrip()
        if after[:1] and after[0] in _END_MARKS:
            text = text.rstrip(_END_MARKS)
        continues = bool(re.match(r"\s*[^\W\d_A-Z]", after))
        endless = reason in ("length", "refused")
        if slot.kind != "sentences" and (continues or endless) and fit < _BROKEN:
            return Filled("", "joint", draft.decoded)
        if not self._rules.admits_values(draft.before, text):
            return Filled("", "value", draft.decoded)
        return Filled(text, reason, draft.decoded)

    def _text(self, draft: _Draft) -> str:
        text = self._model.decode(draft.ids).decode(errors="ignore")
        return text.removeprefix(" ") if draft.before.endswith(" ") else text

    def _piece(self, token: int) -> str:
        return self._model.decode([int(token)]).decode(errors="ignore")

    def _is_partial(self, token: int) -> bool:
        """Whether a token holds some of the bytes of a character, and other tokens the rest."""
        return self._model.decode([token]) != self._piece(token).encode()

    def _encode(self, text: str) -> list[int]:
        return self._model.encode(text.encode())


def _repeats_a_pair(text: str) -> bool:
    """Whether the last two words of a text stand together further up in it."""
    words = [word.casefold() for word in WORD.findall(text)]
    pairs = list(pairwise(words))
    return bool(pairs) and pairs[-1] in pairs[:-1]
