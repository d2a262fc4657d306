"""Public texts and egress permits for tests, made by the border as in production."""

from __future__ import annotations

from collections.abc import Sequence

from cogenesis_langchain.models.base import PublicMessage
from cogenesis_langchain.privacy.border import Border, EgressPermit, Policy, Release
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.privacy.values import PrivateValue

INSTRUCTION = "Write a letter to my landlord about the heating."


def release(
    text: str = INSTRUCTION,
    context: Sequence[str] = (),
    *,
    policy: Policy = "mask",
    secrets: Sequence[str] = (),
) -> Release:
    values = ValueSet.from_texts(context, declared=[PrivateValue("TERM", word) for word in secrets])
    border = Border(ledger=MemoryLedger(), policy=policy)
    return border.release(PrivateText(text), values, Placeholders())


def permit(
    context: Sequence[str] = (),
    *,
    secrets: Sequence[str] = (),
    ledger: MemoryLedger | None = None,
) -> tuple[list[PublicMessage], EgressPermit]:
    """A prompt of one message and the permit to send it."""
    released = release(context=context, secrets=secrets)
    assert released.text is not None
    border = Border(ledger=ledger or MemoryLedger())
    prompt = [PublicMessage("user", released.text)]
    return prompt, border.permit(released, purpose="test")
