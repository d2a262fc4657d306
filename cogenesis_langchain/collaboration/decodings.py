"""The ways of fused decoding, by what the cloud model sees of the text so far."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias, final

from cogenesis_langchain.collaboration.blanks import BRACKETS, has_place_for_brackets
from cogenesis_langchain.collaboration.preparation import Prepared
from cogenesis_langchain.fusion.bounded.decoder import BoundedDecoder
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.influence import Gains, Influence
from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.trace import FusedToken
from cogenesis_langchain.fusion.verification.blank_filter import BlankFilter
from cogenesis_langchain.fusion.verification.verifier import Verifier
from cogenesis_langchain.models.base import GenerationOptions, OffersTokens, TokenModel
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.placeholders import without_placeholders
from cogenesis_langchain.privacy.views.bounded_disclosure import BoundedDisclosure
from cogenesis_langchain.privacy.views.disclosure import Disclosure, OpenDisclosure
from cogenesis_langchain.privacy.views.limits import Bounded, Budget
from cogenesis_langchain.privacy.views.masked_disclosure import MaskedDisclosure
from cogenesis_langchain.privacy.views.public_view import GrowingView

DisclosureName: TypeAlias = Literal["masked", "open", "bounded"]
ChosenDisclosure: TypeAlias = Literal["masked", "open"] | Budget | Bounded


@dataclass(frozen=True, slots=True)
class LocalReadings:
    """The prompts of a text in local tokens.

    Attributes:
        private: With the private context.
        public: Of one who knows what was released and nothing else; empty if it is not needed.
    """

    private: Sequence[int]
    public: Sequence[int] = ()


class DecodedText(Protocol):
    """The decoding of one text."""

    @property
    def disclosure(self) -> Disclosure:
        """What the cloud model sees of the text."""
        ...

    def stream(
        self,
        prepared: Prepared,
        readings: LocalReadings,
        verifier: Verifier,
        options: GenerationOptions,
    ) -> Iterator[FusedToken]:
        """Write the text; the last token has the report.

        Args:
            prepared: The request, with the context that fits.
            readings: Its prompts.
            verifier: The cloud side, over `disclosure`.
            options: How the local model generates.
        """
        ...


class Decoding(Protocol):
    """A way of fused decoding."""

    @property
    def name(self) -> DisclosureName:
        """What the cloud model sees, for the report."""
        ...

    @property
    def public(self) -> TokenModel | None:
        """The local model of a second reading, without the private context, if there is one."""
        ...

    def require(self, options: GenerationOptions) -> None:
        """Check the options before any work.

        Raises:
            FusionError: This way of decoding cannot follow them.
        """
        ...

    def begin(self, prepared: Prepared) -> DecodedText:
        """Begin a text."""
        ...


def decoding_of(
    disclosure: ChosenDisclosure,
    local: OffersTokens,
    tokens: TokenModel,
    border: Border,
    *,
    operator: Operator,
    presence_penalty: float,
    draft_tokens: int | None,
) -> Decoding:
    """Return the way of decoding for what was chosen.

    Args:
        disclosure: What the cloud model sees.
        local: The local model; further readings have caches of their own.
        tokens: Its tokens, for the reading with the private context.
        border: Knows the private values of a request.
        operator: How the two distributions become one.
        presence_penalty: Nats by which tokens of the last part of the text lose.
        draft_tokens: Drafts of each request; None decides.

    Raises:
        FusionError: A setting is out of range.
    """
    if isinstance(disclosure, Bounded):
        public = local.tokens()
        decoder = BoundedDecoder(
            tokens,
            public,
            disclosure,
            operator=operator,
            presence_penalty=presence_penalty,
            draft_tokens=draft_tokens,
        )
        return BoundedDecoding(decoder, tokens, public)
    fused = FusedDecoder(
        tokens,
        operator=operator,
        baseline=local.tokens() if operator.needs_baseline else None,
        presence_penalty=presence_penalty,
        draft_tokens=draft_tokens,
    )
    budget = disclosure if isinstance(disclosure, Budget) else None
    second = None if budget is None else local.tokens()
    name: DisclosureName = "open" if disclosure == "open" else "masked"
    return ExactDecoding(fused, tokens, border, name=name, budget=budget, public=second)


@final
class ExactDecoding:
    """Exact fused decoding; the cloud model sees the public view, or the text as it is.

    Args:
        decoder: Writes the text.
        tokens: The local model.
        border: Knows the private values of a request.
        name: ``masked`` or ``open``.
        budget: Limits on what the shown words tell.
        public: The local model again, for a budget.
    """

    def __init__(
        self,
        decoder: FusedDecoder,
        tokens: TokenModel,
        border: Border,
        *,
        name: DisclosureName,
        budget: Budget | None,
        public: TokenModel | None,
    ) -> None:
        self.name = name
        self.public = public
        self.decoder = decoder
        self.tokens = tokens
        self.budget = budget
        self._border = border

    def require(self, options: GenerationOptions) -> None:
        """Nothing is required before the text begins."""

    def begin(self, prepared: Prepared) -> DecodedText:
        """Begin a text; see `Decoding.begin`."""
        gains = Gains()
        is_open = self.name == "open"
        shown = OpenDisclosure(self.tokens.decode) if is_open else self.view(prepared, gains)
        return _ExactText(self, shown, gains)

    def view(self, prepared: Prepared, gains: Gains) -> MaskedDisclosure:
        """Return a public view of a text. It belongs to one thread."""
        # What was released was a candidate, and its private values are known.
        candidate = prepared.request.candidate
        assert candidate is not None
        assert prepared.values is not None and prepared.read_values is not None
        view = GrowingView(
            self._border.all_values(candidate, prepared.values),
            prepared.placeholders,
            (text.reveal() for text in prepared.private_texts),
            read=self._border.all_values(candidate, prepared.read_values),
            most=None if self.budget is None else self.budget.word,
        )
        return MaskedDisclosure(
            view,
            encode=self.tokens.encode,
            decode=self.tokens.decode,
            gains=gains.of if self.budget else None,
        )


@final
class _ExactText:
    def __init__(self, decoding: ExactDecoding, disclosure: Disclosure, gains: Gains) -> None:
        self._decoding = decoding
        self.disclosure = disclosure
        self._gains = gains

    def stream(
        self,
        prepared: Prepared,
        readings: LocalReadings,
        verifier: Verifier,
        options: GenerationOptions,
    ) -> Iterator[FusedToken]:
        decoding, prompt = self._decoding, prepared.prompt
        influence = None
        if decoding.public is not None:
            # Requests are made in another thread, so this reader has a view of its own.
            reading = decoding.view(prepared, self._gains).reading
            influence = Influence(decoding.public, readings.public, reading, self._gains)
        return decoding.decoder.stream(
            prompt.complete(None),
            BlankFilter(verifier, decoding.tokens.decode),
            prompt.without_blanks(options),
            baseline_messages=prompt.without_context(),
            influence=influence,
            most_told=(decoding.budget and decoding.budget.text) or math.inf,
        )


@final
class BoundedDecoding:
    """Fused decoding under a bound; the text is shown with placeholders for details.

    Args:
        decoder: Writes the text.
        tokens: The local model.
        public: The local model again, for the reading without the private context.
    """

    name: DisclosureName = "bounded"

    def __init__(self, decoder: BoundedDecoder, tokens: TokenModel, public: TokenModel) -> None:
        self.public = public
        self._decoder = decoder
        self._tokens = tokens

    def require(self, options: GenerationOptions) -> None:
        """Check that the text is drawn; see `BoundedDecoder.require`."""
        self._decoder.require(options)

    def begin(self, prepared: Prepared) -> DecodedText:
        """Begin a text; see `Decoding.begin`."""
        disclosure = BoundedDisclosure(encode=self._tokens.encode, decode=self._tokens.decode)
        return _BoundedText(self._decoder, disclosure)


@final
class _BoundedText:
    def __init__(self, decoder: BoundedDecoder, disclosure: BoundedDisclosure) -> None:
        self._decoder = decoder
        self.disclosure = disclosure

    def stream(
        self,
        prepared: Prepared,
        readings: LocalReadings,
        verifier: Verifier,
        options: GenerationOptions,
    ) -> Iterator[FusedToken]:
        # Whether brackets may be written must not depend on the notes.
        assert prepared.release is not None and prepared.release.text is not None
        released = without_placeholders(str(prepared.release.text))
        excluded = "" if has_place_for_brackets([released]) else BRACKETS
        return self._decoder.stream(
            readings.private,
            readings.public,
            verifier,
            self.disclosure,
            replace(options, excluded=excluded),
        )
