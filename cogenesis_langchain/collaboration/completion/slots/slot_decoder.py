"""Decodes one slot: the local model goes on with the text until the words that follow fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from cogenesis_langchain.collaboration.completion.copying.copy_rules import (
    WORD,
    CopyRules,
    starts_sentence,
)
from cogenesis_langchain.collaboration.completion.slots.name_slots import (
    is_own_name,
    names_reader_alone,
    spells_name,
)
from cogenesis_langchain.collaboration.completion.slots.slot_ends import (
    CLAUSE_END,
    Draft,
    EndReason,
    SlotEnds,
    piece_of,
)
from cogenesis_langchain.collaboration.completion.slots.token_choice import (
    TokenChoice,
    most_probable,
)
from cogenesis_langchain.collaboration.completion.slots.typed_values import is_of_its_type
from cogenesis_langchain.collaboration.content.sentences import split_sentences
from cogenesis_langchain.models.base import LogProbs, TokenModel
from cogenesis_langchain.sketch.template import Slot, SlotKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
_UNWANTED: Final = re.compile(r"[\[\]{}<>_|*#`\\…\n]|\.\.")
_LIST_MARK: Final = re.compile(r"\s*[-–—•]")
_END_MARKS: Final = ".!?…。！？"
_POINT_AFTER_NUMBER: Final = re.compile(r"(?<=\d)\.$")
_LAST_WORD: Final = re.compile(r"(?:^|\s)\S+$")


Reason = EndReason | Literal["length", "refused", "empty", "joint", "value"]


@dataclass(frozen=True, slots=True)
class Filled:
    """What the local model made of a slot.

    Attributes:
        text: Its words; empty if nothing can stand there.
        reason: Why it ended or why it is empty.
        tokens: Tokens that were decoded, refused ones included.
        ids: The tokens of the words; the words can be shorter by what the template has already.
        logprobs: The log-probability of each of these tokens, in nats.
    """

    text: str
    reason: Reason
    tokens: int
    ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()


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
        self._ends = SlotEnds(model, rules)

    def fill(
        self, prompt: Sequence[int], before: str, slot: Slot, after: str, *, salutation: str = ""
    ) -> Filled:
        """Fill one slot.

        Args:
            prompt: Tokens up to where the answer begins.
            before: The answer so far.
            slot: The slot.
            after: The words that follow the slot; empty at the end of the text.
            salutation: The line of the text that names its reader.
        """
        # A trailing space belongs to the first token of the slot: tokens begin with their space.
        bare = before.rstrip(" ")
        draft = Draft(slot, before, after, [*prompt, *self._encode(bare)], salutation)
        most = _MOST_TOKENS[slot.kind] * max(slot.sentences, 1)
        reason: Reason = "length"
        while draft.decoded < most:
            logprobs = self._model.next_logprobs([*draft.prompt, *draft.ids])
            best = most_probable(logprobs, _CANDIDATES)
            if not draft.ids and int(best[0]) in self._model.end_tokens:
                reason = "empty"  # the model has nothing to say here; a trained one says so
                break
            ended = self._ends.reason(draft, logprobs, best)
            if ended is not None:
                reason = ended
                break
            if self._refuses_last_word(draft, best):
                if not self._back_before_word(draft):
                    reason = "refused"
                    break
                continue
            token = self._choose(draft, logprobs, best)
            if token is None:
                if draft.text and not draft.ends and self._back_before_word(draft):
                    continue  # nothing can follow the last word: "My" in place of a name
                reason = "refused"
                break
            draft.ids.append(token)
            draft.logprobs.append(float(logprobs[token]))
            draft.text = self._text(draft)
            draft.decoded += 1
        return self._result(draft, reason)

    # Tokens

    def _choose(self, draft: Draft, logprobs: LogProbs, best: NDArray[np.int64]) -> int | None:
        banned = draft.bans.get(len(draft.ids), set())
        least = logprobs.max() + _IMPROBABLE
        allowed = (
            int(token)
            for token in best
            if logprobs[token] >= least
            and int(token) not in banned
            and self._allows(draft, int(token))
        )
        free = draft.slot.kind in ("phrase", "sentences")
        return self._choice.choose(allowed, logprobs, free=free)

    def _allows(self, draft: Draft, token: int) -> bool:
        piece = self._piece(token)
        if token in self._model.end_tokens or _UNWANTED.search(piece):
            return False
        if not self._rules.admits_signs(piece):
            return False
        if not piece.strip() and self._is_partial(token):
            return bool(draft.ids) or piece.startswith(" ") == draft.before.endswith(" ")
        if not draft.ids and (
            piece.startswith(" ") != draft.before.endswith(" ")
            or not piece.strip()
            or _LIST_MARK.match(piece)
        ):
            return False
        text = (draft.text + piece).lstrip(" ") if not draft.ids else draft.text + piece
        if draft.slot.kind != "sentences":
            ends = CLAUSE_END.match(piece.strip())
            if ends and not self._ends.is_point_inside(draft.text, piece):
                return False
        elif not draft.text and starts_sentence(draft.before) and text[:1].islower():
            return False
        if draft.slot.kind == "name" and not spells_name(text, draft.slot, self._rules):
            return False
        word = re.search(r"[^\s(\"“‘'$€£]*$", text)
        return word is None or self._rules.may_begin(word[0])

    def _refuses_last_word(self, draft: Draft, best: NDArray[np.int64]) -> bool:
        """Whether the last word is complete and may not stand there."""
        if not draft.ids or not draft.text[-1:].isalnum():
            return False
        banned = draft.bans.get(len(draft.ids), set())
        following = next((int(token) for token in best if int(token) not in banned), None)
        if following is not None and self._continues_word(draft.text, following):
            return False
        loops = draft.slot.kind != "sentences" and _repeats_a_pair(draft.text)
        loops = loops or _doubles_a_word(draft.text)
        if is_own_name(draft.slot) and names_reader_alone(
            draft.text, draft.salutation, self._rules
        ):
            return True
        return loops or not self._rules.admits(draft.before, draft.text)

    def _continues_word(self, text: str, token: int) -> bool:
        """Whether a token goes on with a word; part of a character counts as one of a letter."""
        piece = self._piece(token)
        inside = piece[:1].isalnum() or self._ends.is_point_inside(text, piece)
        return inside or self._is_partial(token)

    def _back_before_word(self, draft: Draft) -> bool:
        """Take the last word back and ban its first token there; False if that is hopeless."""
        found = _LAST_WORD.search(draft.text)
        kept = draft.text[: found.start()] if found else ""
        while draft.ids and len(self._text(draft)) > len(kept):
            refused = draft.ids.pop()
            draft.logprobs.pop()
        position = len(draft.ids)
        draft.text = self._text(draft)
        draft.bans = {at: bans for at, bans in draft.bans.items() if at <= position}
        draft.ends = {at: fit for at, fit in draft.ends.items() if at <= position}
        draft.bans.setdefault(position, set()).add(refused)
        return len(draft.bans[position]) <= _MOST_BANS

    # Result

    def _result(self, draft: Draft, reason: Reason) -> Filled:
        slot, after = draft.slot, draft.after
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
        elif slot.kind != "sentences":
            text = _POINT_AFTER_NUMBER.sub("", text)  # no digit followed
        continues = bool(re.match(r"\s*[^\W\d_A-Z]", after))
        endless = reason in ("length", "refused")
        if slot.kind != "sentences" and (continues or endless) and fit < _BROKEN:
            return Filled("", "joint", draft.decoded)
        if slot.kind != "sentences":
            text = _without_second_beginning(draft.before, text)
        text = self._with_known_values(draft, text)
        if not text:
            return Filled("", "value", draft.decoded)
        text = _with_closed_quotation(text, after)
        logprobs = tuple(draft.logprobs[:position])
        return Filled(text, reason, draft.decoded, tuple(draft.ids), logprobs)

    def _with_known_values(self, draft: Draft, text: str) -> str:
        """The text, or those of its sentences whose dates and numbers the sources hold."""
        if draft.slot.kind != "sentences":
            is_known = self._rules.admits_values(draft.before, text)
            return text if is_known and is_of_its_type(text, draft.slot) else ""
        before, kept = draft.before, []
        for sentence in split_sentences(text):
            if self._rules.admits_values(before, sentence):
                kept.append(sentence)
            before = " "
        return "".join(kept).rstrip()

    def _text(self, draft: Draft) -> str:
        text = self._model.decode(draft.ids).decode(errors="ignore")
        return text.removeprefix(" ") if draft.before.endswith(" ") else text

    def _piece(self, token: int) -> str:
        return piece_of(self._model, token)

    def _is_partial(self, token: int) -> bool:
        """Whether a token holds some of the bytes of a character, and other tokens the rest."""
        return self._model.decode([token]) != self._piece(token).encode()

    def _encode(self, text: str) -> list[int]:
        return self._model.encode(text.encode())


def _without_second_beginning(before: str, text: str) -> str:
    """A slot without the words that begin its phrase anew: "by [the latest by 10 March]"."""
    words = WORD.findall(before)
    if not words or not words[-1].islower():
        return text
    return re.sub(rf"^.*\b{re.escape(words[-1])}\s+(?=\S*\d)", "", text)


def _with_closed_quotation(text: str, after: str) -> str:
    """A text whose last quotation ends with it, unless the template closes it."""
    for opening, closing in ('""', "“”"):
        opened = text.count(opening) % 2 if opening == closing else text.count(opening)
        closed = 0 if opening == closing else text.count(closing)
        if opened > closed and not after.startswith(closing):
            return text + closing
    return text


def _doubles_a_word(text: str) -> bool:
    """Whether the last two words of a text are the same, a comma between them or not."""
    words = [word.casefold() for word in WORD.findall(text)[-2:]]
    return len(words) == 2 and words[0] == words[1] and words[0].isalpha() and len(words[0]) > 2


def _repeats_a_pair(text: str) -> bool:
    """Whether the last two words of a text stand together further up in it."""
    words = [word.casefold() for word in WORD.findall(text)]
    pairs = list(pairwise(words))
    return bool(pairs) and pairs[-1] in pairs[:-1]
