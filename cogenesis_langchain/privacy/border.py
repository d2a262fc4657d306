"""The border: the one place where a user's words become public text, or do not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, final

from cogenesis_langchain.errors import PrivacyViolation
from cogenesis_langchain.privacy.ledger.entry import EgressLedger, LedgerEntry, Verdict
from cogenesis_langchain.privacy.matching.normalisation import usual_spacing
from cogenesis_langchain.privacy.text import BORDER_SEAL, PrivateText, PublicText

if TYPE_CHECKING:  # the detectors compile for a quarter of a second; the first release does that
    from cogenesis_langchain.privacy.matching.value_set import ValueSet
    from cogenesis_langchain.privacy.placeholders import Placeholders

Policy = Literal["mask", "block", "local"]


@dataclass(frozen=True, slots=True)
class Release:
    """What the border let out of one candidate.

    Attributes:
        text: The public text; None when nothing may leave.
        verdict: How it passed.
        masked: Number of values found, by kind.
        values: What must not leave, for the check on the wire.
    """

    text: PublicText | None
    verdict: Verdict
    masked: Mapping[str, int]
    values: ValueSet = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """Requests that left, and the bytes of their bodies."""

    calls: int = 0
    bytes: int = 0


@final
class EgressPermit:
    """Permission to send requests of one purpose; each payload is checked, recorded, then leaves.

    Args:
        release: What the border decided.
        purpose: Why requests are sent, for the ledger.
        ledger: Where they are recorded.
    """

    def __init__(self, release: Release, *, purpose: str, ledger: EgressLedger) -> None:
        self._release = release
        self._ledger = ledger
        self.purpose = purpose
        self.sent = Sent()

    def authorise(
        self,
        endpoint: str,
        payload: bytes,
        public: Sequence[PublicText],
        extra: Sequence[str] = (),
    ) -> None:
        """Check the exact bytes of a request and record them, just before they leave.

        The texts that the border released are known; any other string in the body was put there
        by something between the border and the wire, and is searched for private values. A body
        that is not JSON is searched whole.

        Args:
            endpoint: Method and URL, for the ledger.
            payload: The body as it will be sent.
            public: The public texts it carries.
            extra: What else of the request is searched: headers, and the part of the URL that is
                not the configured address.

        Raises:
            PrivacyViolation: Something private is in it. Nothing is sent; the ledger says so.
            LedgerError: It cannot be recorded, so it must not leave.
        """
        strings = [*extra, *_foreign_strings(payload, {str(text) for text in public})]
        found = self._release.values.find_in_payload("\n".join(strings).encode())
        entry = LedgerEntry(
            endpoint=endpoint,
            purpose=self.purpose,
            verdict="refused" if found else self._release.verdict,
            payload=b"" if found else payload,
            masked=dict.fromkeys(found, 1) if found else self._release.masked,
        )
        self._ledger.append(entry)
        if found:
            raise PrivacyViolation(
                f"a request for {self.purpose!r} carried private values ({', '.join(found)})",
                remedy="nothing was sent; look for what adds text to the cloud model's requests "
                "(a wrapper, default headers, model_kwargs)",
            )
        self.sent = Sent(self.sent.calls + 1, self.sent.bytes + len(payload))


class Border:
    """Decides what of a candidate instruction may leave.

    Args:
        ledger: Records every payload that leaves.
        policy: What to do when the candidate holds private values: ``mask`` puts typed
            placeholders in their place, ``block`` raises, ``local`` lets nothing out.
    """

    def __init__(self, *, ledger: EgressLedger, policy: Policy = "mask") -> None:
        self._ledger = ledger
        self._policy = policy

    def release(
        self, candidate: PrivateText, values: ValueSet, placeholders: Placeholders
    ) -> Release:
        """Make public text of a candidate, or decide that nothing leaves.

        Args:
            candidate: What would be the general instruction.
            values: The private values of everything else in the request.
            placeholders: The conversation's placeholders; masked values are added to them.

        Returns:
            The decision. Its text is None when something was found and the policy is ``local``, or
            when a value is hidden in an encoding, where no placeholder can stand for it.

        Raises:
            PrivacyViolation: Something was found and the policy is ``block``.
        """
        from cogenesis_langchain.privacy.matching.value_set import ValueSet, detect_in_instruction

        text = candidate.reveal()
        usual = usual_spacing(text)
        detected = [
            hit.value for way in dict.fromkeys((text, usual)) for hit in detect_in_instruction(way)
        ]
        values = values.union(ValueSet.from_texts((), declared=detected))
        hits = values.find(text)
        shown = placeholders.mask(text, hits)
        if values.find(usual_spacing(shown)):
            hits = values.find(usual)
            shown = placeholders.mask(usual, hits)
        hidden = values.find_in_payload(usual_spacing(shown).encode())
        found = Counter[str](hit.value.kind for hit in hits) + Counter[str](hidden)
        if not found:
            return Release(PublicText(text, seal=BORDER_SEAL), "clean", {}, values)
        if self._policy == "block":
            kinds = ", ".join(sorted(found))
            raise PrivacyViolation(
                f"the instruction holds {found.total()} private values ({kinds})",
                remedy="take them out of the public part, mark them with private(...), or use "
                'policy="mask"',
            )
        if hidden or self._policy == "local":
            return Release(None, "refused", dict(found), values)
        return Release(PublicText(shown, seal=BORDER_SEAL), "masked", dict(found), values)

    def permit(
        self, release: Release, *, purpose: str, verdict: Verdict | None = None
    ) -> EgressPermit:
        """Permit requests that carry what was released, for one purpose.

        Args:
            release: What was released.
            purpose: Why requests are sent.
            verdict: What the ledger says of them; None is the release's own. ``open`` where the
                caller chose to let more out than was released.
        """
        if verdict is not None:
            release = replace(release, verdict=verdict)
        return EgressPermit(release, purpose=purpose, ledger=self._ledger)


def _foreign_strings(payload: bytes, released: set[str]) -> Iterator[str]:
    """Strings of a body that the border did not release itself."""
    try:  # as pairs: of a name that occurs twice, a dictionary would show the last value alone
        body = json.loads(payload, object_pairs_hook=list)
    except ValueError:
        yield payload.decode(errors="replace")
        return
    yield from (text for text in _strings(body) if text not in released)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)
