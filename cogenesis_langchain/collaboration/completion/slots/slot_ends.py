"""Decides where a slot ends: there the words that follow it fit, by the model's probabilities."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from cogenesis_langchain.collaboration.completion.copying.copy_rules import CopyRules
from cogenesis_langchain.collaboration.completion.slots.name_slots import (
    is_first_name,
    is_own_name,
    names_reader,
    names_somebody,
)
from cogenesis_langchain.collaboration.content.sentences import ABBREVIATION, TITLE
from cogenesis_langchain.models.base import LogProbs, TokenModel
from cogenesis_langchain.sketch.template import Slot, SlotKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIT: Final[dict[SlotKind, float]] = {"name": -0.7, "value": -1.5, "phrase": -3.0, "sentences": -3.0}
"""Natural-log ratio, in nats, of the words that follow a slot to the model's own favourites: from
here on they fit, and the slot ends. Names and values are short, so their end has to be nearly the
model's first choice: "Teodor" must not end a signature that goes on with the surname."""
CLAUSE_END: Final = re.compile(r"[.!?;。！？](?!\w)")
_AGREEING: Final = 16
_FIRST_WORDS: Final = re.compile(r"\s*[^\w\s]*\s*[\w'’]*")
_LOOK_AHEAD: Final = 5  # tokens of the words that follow
_SENTENCE_END: Final = re.compile(r"[.!?…。！？][\"'”’)]*(?=\s|$)")
_ABBREVIATION: Final = re.compile(f"{ABBREVIATION}$")
_UNFINISHED: Final = re.compile(rf"{TITLE}\.?\s*$")
_WORD_AT_END: Final = re.compile(r"[^\W_][^\W_.,]*(?:[.,][^\W_]+)*$")

EndReason = Literal["fits", "sentences", "clause"]


@dataclass(slots=True)
class Draft:
    """A slot while it is decoded.

    Attributes:
        slot: The slot.
        before: The text before the slot, with the white space that the slot begins with.
        after: The words that follow it.
        prompt: Tokens of the prompt and of that text.
        salutation: The line of the text that names its reader.
        ids: Tokens of the slot.
        logprobs: The log-probability of each of them, in nats.
        text: Their text, without that white space.
        bans: Tokens that were refused, by position.
        ends: Positions at which the slot could end, with the fit of what follows.
    """

    slot: Slot
    before: str
    after: str
    prompt: list[int]
    salutation: str = ""
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    text: str = ""
    bans: dict[int, set[int]] = field(default_factory=dict)
    ends: dict[int, float] = field(default_factory=dict)
    decoded: int = 0


class SlotEnds:
    """Tells whether a slot that is being decoded ends.

    Args:
        model: The local model's distributions.
        rules: What may be copied into a slot.
    """

    def __init__(self, model: TokenModel, rules: CopyRules) -> None:
        self._model = model
        self._rules = rules

    def reason(self, draft: Draft, logprobs: LogProbs, best: NDArray[np.int64]) -> EndReason | None:
        """Return why the slot ends here, if it does; note where it could."""
        if not draft.text.strip() or not self._rules.admits(draft.before, draft.text):
            return None
        if draft.slot.kind == "sentences":
            return self._end_of_sentences(draft, logprobs, best)
        if _UNFINISHED.search(draft.text):
            return None
        if is_own_name(draft.slot) and names_reader(draft.text, draft.salutation):
            return None
        if draft.slot.kind == "name" and not names_somebody(draft.text, draft.slot, self._rules):
            return None
        favourite = self._piece(best[0])
        if self.is_point_inside(draft.text, favourite):
            return None
        if is_first_name(draft.slot) and not favourite[:1].isalnum():
            draft.ends[len(draft.ids)] = 0.0
            return "fits"  # the surname that the model would go on with is not asked for
        stops = int(best[0]) in self._model.end_tokens or favourite.startswith("\n")
        stops = stops or bool(CLAUSE_END.match(favourite.lstrip()))
        if stops or self._may_follow(draft.after, best):
            fit = self._fit(draft, logprobs)
            draft.ends[len(draft.ids)] = fit
            if fit > FIT[draft.slot.kind]:
                return "fits"
        return "clause" if stops else None

    def _end_of_sentences(
        self, draft: Draft, logprobs: LogProbs, best: NDArray[np.int64]
    ) -> EndReason | None:
        found = list(_SENTENCE_END.finditer(draft.text))
        if not found or found[-1].end() < len(draft.text.rstrip()):
            return None
        favourite = self._piece(best[0])
        if favourite[:1].isalnum() and not draft.text[-1].isspace():
            return None  # "9." goes on as "9.53"
        stops = int(best[0]) in self._model.end_tokens or favourite.startswith("\n")
        ends = [end for end in found if not _ABBREVIATION.search(draft.text[: end.start()])]
        # "Dr." ends no sentence; "vitamin C." does if the model has nothing more to say.
        if found[-1] not in ends and not stops:
            return None
        draft.ends[len(draft.ids)] = 0.0
        if len(ends) >= draft.slot.sentences:
            return "sentences"
        if stops:
            return "fits"
        fits = draft.after.strip() and self._fit(draft, logprobs) > FIT[draft.slot.kind]
        return "fits" if fits else None

    def _may_follow(self, after: str, best: NDArray[np.int64]) -> bool:
        """Whether one of the most probable tokens begins what follows."""
        pieces = (self._piece(token) for token in best[:_AGREEING])
        return any(
            piece and (after.startswith(piece) or piece.startswith(after)) for piece in pieces
        )

    def _fit(self, draft: Draft, logprobs: LogProbs) -> float:
        """How well what follows the slot reads on, in nats against the model's favourites."""
        after = draft.after
        if not after.strip():
            lines = self._model.encode(b"\n") + self._model.encode(b"\n\n")
            ends = [*self._model.end_tokens, *lines]
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

    def is_point_inside(self, text: str, piece: str) -> bool:
        """Whether a point belongs to the last word: "Dr.", or "9.53" or "x.org" of the sources."""
        if not piece.startswith("."):
            return False
        word = _WORD_AT_END.search(text)
        return bool(_ABBREVIATION.search(text)) or (
            word is not None and self._rules.goes_on(f"{word[0].casefold()}.")
        )

    def _piece(self, token: int) -> str:
        return piece_of(self._model, token)

    def _encode(self, text: str) -> list[int]:
        return self._model.encode(text.encode())


def piece_of(model: TokenModel, token: int) -> str:
    """The characters of a token that are whole in it."""
    return model.decode([int(token)]).decode(errors="ignore")
