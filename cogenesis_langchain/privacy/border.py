"""The border: turns an instruction into public text and permits requests to the cloud model.

`Border.release` checks an instruction against the private values of the rest of the request and
masks, blocks or withholds it. `EgressPermit.authorise` compares the exact bytes of each request
with what was released and configured, just before they are sent, and records them in the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, final

from cogenesis_langchain.errors import PrivacyViolation
from cogenesis_langchain.privacy.ledger.entry import EgressLedger, LedgerEntry, Verdict
from cogenesis_langchain.privacy.matching.normalisation import collapse_spacing
from cogenesis_langchain.privacy.request_shape import RequestShape
from cogenesis_langchain.privacy.text import BORDER_SEAL, PrivateText, PublicText
from cogenesis_langchain.privacy.values import PrivateValue

# The detectors take a quarter of a second to compile. Importing them in `Border.release` instead of
# here keeps the import of the package cheap.
if TYPE_CHECKING:
    from cogenesis_langchain.privacy.matching.value_set import ValueSet
    from cogenesis_langchain.privacy.placeholders import Placeholders

Policy = Literal["mask", "block", "local"]
"""Treatments of private values in an instruction; `Border` describes them."""


@dataclass(frozen=True, slots=True)
class Release:
    """The border's decision about one instruction.

    Attributes:
        text: The public text; None when nothing may leave.
        verdict: The verdict that the ledger records.
        masked: Number of private values found, by kind.
    """

    text: PublicText | None
    verdict: Verdict
    masked: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EgressCount:
    """What was sent under a permit.

    Attributes:
        calls: Requests; each counts from the moment when a connection for it is open.
        bytes: Total size of their bodies.
        input_tokens: Tokens of the prompts, as the server counted them.
        output_tokens: Tokens of the answers, those included that are of no use.
    """

    calls: int = 0
    bytes: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@final
class EgressPermit:
    """Permission to send requests for one purpose.

    The transport calls `authorise` for each request before it sends it.

    Args:
        release: The border's decision.
        purpose: Why requests are sent, for the ledger.
        ledger: Records each request.
        within: A permit whose requests these belong to; they count there as well.
    """

    def __init__(
        self,
        release: Release,
        *,
        purpose: str,
        ledger: EgressLedger,
        within: EgressPermit | None = None,
    ) -> None:
        self._release = release
        self._ledger = ledger
        self._within = within
        self.purpose = purpose
        self.sent = EgressCount()

    def authorise(
        self,
        endpoint: str,
        payload: bytes,
        public: Sequence[PublicText],
        shape: RequestShape,
        *,
        added: str = "",
    ) -> None:
        """Check and record the exact bytes of a request. Call it just before sending them.

        A request consists of texts that the border released and of what was configured before any
        private text was known. Anything else was added on the way, by a wrapper or a client, and
        is refused whatever it says. So the decision does not depend on the private context.

        Args:
            endpoint: Method and URL, for the ledger.
            payload: The body as it will be sent.
            public: The public texts that the body carries.
            shape: What the body holds besides them.
            added: What else was found that nobody configured; empty if nothing was.

        Raises:
            PrivacyViolation: The request holds something else. The ledger records the refusal; the
                caller must not send the request.
            LedgerError: The request cannot be recorded; the caller must not send it.
        """
        if not added and shape.count_unexpected(payload, [str(text) for text in public]):
            added = "a part of its body"
        self._ledger.append(
            LedgerEntry(
                endpoint=endpoint,
                purpose=self.purpose,
                verdict="refused" if added else self._release.verdict,
                payload=b"" if added else payload,
                masked={} if added else self._release.masked,
            )
        )
        if added:
            raise PrivacyViolation(
                f"a request for {self.purpose!r} had {added} that was neither released nor "
                "configured, and was not sent",
                remedy="find what adds to the cloud model's requests for each call (a wrapper or a "
                "hook), and put it into the settings of the cloud model instead",
            )
        self._count(1, len(payload))

    def not_sent(self, payload: bytes) -> None:
        """Take a request out of `sent` again: no connection was made, so nothing of it left."""
        self._count(-1, -len(payload))

    def count_tokens(self, input_tokens: int, output_tokens: int) -> None:
        """Add the tokens of one answer and of its prompt to `sent`."""
        self.sent = replace(
            self.sent,
            input_tokens=self.sent.input_tokens + input_tokens,
            output_tokens=self.sent.output_tokens + output_tokens,
        )

    def probing(self) -> EgressPermit:
        """A permit for fixed texts that find out what the server of these requests can do."""
        release = replace(self._release, verdict="clean", masked={})
        return EgressPermit(release, purpose="probe", ledger=self._ledger, within=self)

    def _count(self, calls: int, size: int) -> None:
        sent = self.sent
        self.sent = replace(sent, calls=sent.calls + calls, bytes=sent.bytes + size)
        if self._within is not None:
            self._within._count(calls, size)


class Border:
    """Decides which part of an instruction may leave the machine.

    Args:
        ledger: Records every payload that leaves.
        policy: What to do when the instruction contains private values: ``mask`` replaces them by
            typed placeholders, ``block`` raises, ``local`` releases nothing.
        strict: Whether names, places, organisations, conditions and special categories in an
            instruction are private even if they occur nowhere else.
    """

    def __init__(
        self, *, ledger: EgressLedger, policy: Policy = "mask", strict: bool = False
    ) -> None:
        self._ledger = ledger
        self._strict = strict
        self._policy = policy

    def release(
        self, candidate: PrivateText, values: ValueSet, placeholders: Placeholders
    ) -> Release:
        """Turn a candidate instruction into public text, or decide that nothing may leave.

        Args:
            candidate: The text proposed as the general instruction.
            values: The private values of everything else in the request.
            placeholders: The conversation's placeholders; masked values are added to them.

        Returns:
            The decision. Its text is None when a private value was found and the policy is
            ``local``, or when a value is encoded (base64, HTML entities, ...), because an encoded
            value cannot be replaced by a placeholder.

        Raises:
            PrivacyViolation: A private value was found and the policy is ``block``.
        """
        text = candidate.reveal()
        # "Q u i s t" is found only in the collapsed text, so both are searched.
        collapsed = collapse_spacing(text)
        values = self.all_values(candidate, values)
        hits = values.find(text)
        masked_text = placeholders.mask(text, hits)
        if values.find(collapse_spacing(masked_text)):
            # A value is spelled out with spaces. Mask the collapsed text, at the price of the
            # user's own spacing.
            hits = values.find(collapsed)
            masked_text = placeholders.mask(collapsed, hits)
        hidden = values.find_in_payload(collapse_spacing(masked_text).encode())
        found = Counter[str](hit.value.kind for hit in hits) + Counter[str](hidden)
        if not found:
            return Release(PublicText(text, seal=BORDER_SEAL), "clean", {})
        if self._policy == "block":
            kinds = ", ".join(sorted(found))
            raise PrivacyViolation(
                f"the instruction contains {found.total()} private values ({kinds})",
                remedy="remove them from the instruction, mark them with private(...), or use "
                'policy="mask"',
            )
        if hidden or self._policy == "local":
            return Release(None, "refused", dict(found))
        return Release(PublicText(masked_text, seal=BORDER_SEAL), "masked", dict(found))

    def all_values(self, candidate: PrivateText, values: ValueSet) -> ValueSet:
        """Return the private values of a request, with those of the instruction itself.

        Args:
            candidate: The text proposed as the general instruction.
            values: The private values of everything else in the request.
        """
        from cogenesis_langchain.privacy.matching.value_set import ValueSet, detect_in_instruction

        text = candidate.reveal()
        detected = [
            hit.value
            for variant in dict.fromkeys((text, collapse_spacing(text)))
            for hit in detect_in_instruction(variant, strict=self._strict)
        ]
        return values.union(ValueSet.from_texts((), declared=detected))

    def view(
        self,
        text: PrivateText,
        values: ValueSet,
        placeholders: Placeholders,
        *,
        whole: Sequence[range] = (),
        masked_before: bool = False,
    ) -> PublicText:
        """Return the public view of a private text, with a placeholder for each private value.

        Args:
            text: A message of a conversation, or a part of one.
            values: The private values of the whole conversation.
            placeholders: Those of the conversation; masked values are added to them.
            whole: Parts of the text that are masked as a whole.
            masked_before: Whether parts of the text are views already; see `Placeholders.mask`.

        Returns:
            The view. A run of codes that holds a value is one placeholder. So is the whole text if
            a value is encoded or spelled out in it in another way.
        """
        from cogenesis_langchain.privacy.matching.value_set import Hit, without_overlaps

        original = text.reveal()
        parts = (
            Hit(one.start, one.stop, PrivateValue("TEXT", original[one.start : one.stop]))
            for one in whole
        )
        # Of hits of one length the first is kept: a marked part keeps its placeholder.
        found = (*parts, *values.find_encoded(original), *values.find(original))
        hits = without_overlaps(original, found)
        masked = placeholders.mask(original, hits, masked_before=masked_before)
        if values.find_in_payload(collapse_spacing(masked).encode()):
            masked = placeholders.mask_whole(
                placeholders.restore(original) if masked_before else original
            )
        return PublicText(masked, seal=BORDER_SEAL)

    def check_configured(
        self, configured: Sequence[str], values: ValueSet, *, what: str, remedy: str
    ) -> None:
        """Check what the developer configured for every request, once, when it is configured.

        Args:
            configured: Strings such as headers, stop strings and declarations of tools.
            values: The private values that are known by then.
            what: What they are, for the error.
            remedy: What to do about a private value in them.

        Raises:
            PrivacyViolation: One of the strings contains a private value.
        """
        found = values.find_in_payload("\n".join(configured).encode())
        if found:
            kinds = ", ".join(sorted(found))
            raise PrivacyViolation(f"{what} contain private values ({kinds})", remedy=remedy)

    def release_declaration(self, declaration: PrivateText) -> PublicText:
        """Let the declaration of a tool leave: it is configuration, which the developer wrote.

        It is not searched here, so that neither a document nor an earlier turn can change the
        request; `check_configured` did that once, when the tool was bound or first used.

        Args:
            declaration: Name, description and schema.
        """
        return PublicText(declaration.reveal(), seal=BORDER_SEAL)

    def permit(
        self, release: Release, *, purpose: str, verdict: Verdict | None = None
    ) -> EgressPermit:
        """Permit requests for one purpose.

        Args:
            release: The decision whose public text the requests carry.
            purpose: Why requests are sent, for the ledger.
            verdict: The verdict to record; None records the release's own. In fused decoding the
                text so far is sent as well: its public view (``masked``), what was drawn under a
                bound (``bounded``), or, with ``disclosure="open"``, the text as it is (``open``).
        """
        if verdict is not None:
            release = replace(release, verdict=verdict)
        return EgressPermit(release, purpose=purpose, ledger=self._ledger)
