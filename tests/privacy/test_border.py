from __future__ import annotations

import base64
import json
import quopri
import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.releases import INSTRUCTION, permit, release

from cogenesis_langchain.errors import LedgerError, PrivacyViolation
from cogenesis_langchain.privacy.border import Border, Policy
from cogenesis_langchain.privacy.ledger.entry import LedgerEntry, MemoryLedger
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.request_shape import RequestShape
from cogenesis_langchain.privacy.text import PrivateText

NOTES = ["My name is Zimlor Quovex and I owe 4,311.20 EUR since 14 March 2024."]
KNOWN = ValueSet.from_texts(NOTES)
URL = "POST https://cloud.test/v1/chat/completions"


# Release


def test_an_instruction_without_private_values_is_released_unchanged() -> None:
    released = release(context=NOTES)
    assert str(released.text) == INSTRUCTION
    assert (released.verdict, released.masked) == ("clean", {})


@pytest.mark.parametrize(
    "mention",
    [
        "Zimlor Quovex",
        "ZIMLOR QUOVEX",
        "Quovex's flat",
        "Zim\u200blor",
        "Zímlör",
        "Ｚｉｍｌｏｒ",
        "Zim-\nlor",
        "Z i m l o r",
        "1 4 / 0 3 / 2 0 2 4",
        "4 \u200b 3 1 1 . 2 0   E U R",
        "4311.20 EUR",
        "€4.311,20",
        "14/03/2024",
        "March 14, 2024",
    ],
)
def test_a_private_value_in_any_spelling_becomes_a_placeholder(mention: str) -> None:
    released = release(f"Write a note about {mention} today.", NOTES)
    assert released.verdict == "masked" and released.text is not None
    assert "[" in str(released.text)
    assert not KNOWN.find(str(released.text))


@pytest.mark.parametrize(
    "hidden",
    [
        "xevouQ",
        "Dhbirk",
        "Z&#105;mlor",
        "Qu&#x6f;vex",
        "Z=69mlor",
    ],
)
@pytest.mark.parametrize("policy", ["mask", "local"])
def test_nothing_leaves_when_a_value_is_hidden_in_an_encoding(hidden: str, policy: Policy) -> None:
    released = release(f"Write a note about {hidden} today.", NOTES, policy=policy)
    assert released.text is None and released.verdict == "refused"
    with pytest.raises(PrivacyViolation):
        release(f"Write a note about {hidden} today.", NOTES, policy="block")


@pytest.mark.parametrize(
    "hidden",
    [
        base64.b64encode(b"Zimlor Quovex").decode(),
        base64.urlsafe_b64encode(b"to Zimlor Quovex of Hull").decode(),
        r"\u005aimlor",
    ],
)
def test_an_opaque_string_is_masked_as_a_code(hidden: str) -> None:
    released = release(f"Write a note about {hidden} today.", NOTES)
    assert hidden.rstrip("=") not in str(released.text) and released.masked == {"ID": 1}
    assert release(f"Write a note about {hidden} today.", NOTES, policy="local").text is None


def test_spacing_without_private_values_is_kept() -> None:
    assert str(release("Compare  plans A B C\n\tplease.").text) == "Compare  plans A B C\n\tplease."


def test_the_policy_block_raises_without_the_value() -> None:
    with pytest.raises(PrivacyViolation) as caught:
        release("Write a note to Zimlor Quovex.", NOTES, policy="block")
    assert "Zimlor" not in str(caught.value) and "NAME" in str(caught.value)


def test_the_policy_local_releases_nothing() -> None:
    released = release("Write a note to Zimlor Quovex.", NOTES, policy="local")
    assert (released.text, released.verdict, released.masked) == (None, "refused", {"NAME": 1})


def test_structured_values_are_found_without_any_context() -> None:
    released = release("Write to z.quovex@tarn.example or +49 30 9018 2045.")
    assert released.masked == {"EMAIL": 1, "PHONE": 1}
    assert "tarn" not in str(released.text) and "9018" not in str(released.text)


def test_a_known_value_inside_a_detected_one_is_masked_as_a_whole() -> None:
    released = release("Write to b.quovex@tarn.example today.", NOTES)
    shown = str(released.text)
    assert "quovex" not in shown and "tarn" not in shown and "@" not in shown


def test_every_mention_of_a_detected_value_is_masked() -> None:
    released = release("Ask about 4,311.20 EUR; I mean the 4311.20 EUR of May.")
    assert "311" not in str(released.text)


def test_a_masked_text_restores_exactly() -> None:
    placeholders = Placeholders()
    border = Border(ledger=MemoryLedger())
    text = "Zimlor owes 4,311.20 EUR; [NAME_1] is not a name. ZIMLOR!"
    released = border.release(PrivateText(text), ValueSet.from_texts(NOTES), placeholders)
    assert released.text is not None
    assert placeholders.restore(str(released.text)) == text


ENCODERS: dict[str, Callable[[str], str]] = {
    "percent": quote,
    "percent, every byte": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "json": json.dumps,
    "entities": lambda text: "".join(f"&#x{ord(letter):x};" for letter in text),
    "hexadecimal": lambda text: text.encode().hex(" "),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "code points": lambda text: " ".join(f"U+{ord(letter):04X}" for letter in text),
}


CODE = re.compile(r"%[0-9A-F]{2}|\\u|&#|=[0-9A-F]{2}|U\+|\b[0-9a-f]{2} [0-9a-f]{2}\b")


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("name", ["Νίκος Παπαδόπουλος", "Олег Кузнецов", "İlker Çağlayan"])
def test_a_code_is_masked_whole_though_a_part_of_it_is_a_value_too(name: str, encoder: str) -> None:
    # Each of these numbers stands in a code as well: replaced, it would leave the rest readable.
    numbers = " ".join(f"{number} kg" for number in range(10, 100))
    values = ValueSet.from_texts([f"My neighbour is {name}.", numbers])
    placeholders = Placeholders()
    text = f"Found q={ENCODERS[encoder](name)} here."
    view = str(Border(ledger=MemoryLedger()).view(PrivateText(text), values, placeholders))
    assert placeholders.restore(view) == text
    assert not CODE.search(view)
    assert CODE.search(text)


def test_a_code_is_masked_also_beside_another_code_with_the_same_value_in_plain_letters() -> None:
    numbers = " ".join(f"{number} kg" for number in range(10, 100))
    values = ValueSet.from_texts(["My neighbour is Olga Kuznetsova.", numbers])
    code = b"Kuznetsova".hex(" ")
    text = f"At a=%20Kuznetsova and {code} there."
    view = Border(ledger=MemoryLedger()).view(PrivateText(text), values, Placeholders())
    assert not re.search(r"\b[0-9a-f]{2} [0-9a-f]{2}\b", str(view))


@given(st.text(max_size=200))
def test_no_instruction_releases_a_known_value(text: str) -> None:
    released = release(f"{text} Zimlor {text}", NOTES)
    if released.text is not None:
        assert not KNOWN.find_in_payload(str(released.text).encode())


# EgressPermit


def authorise(
    payload: bytes, *, ledger: MemoryLedger | None = None, context: Sequence[str] = NOTES
) -> None:
    (message,), permission = permit(context, ledger=ledger)
    shape = RequestShape.of(
        json.dumps({"messages": ["known"], "model": "cloud-4"}).encode(), ["known"]
    )
    permission.authorise(URL, payload, [message.text], shape)


def request(**more: object) -> bytes:
    return json.dumps({"messages": [INSTRUCTION], "model": "cloud-4", **more}).encode()


def test_a_request_is_recorded_with_its_exact_bytes() -> None:
    ledger = MemoryLedger()
    authorise(request(), ledger=ledger)
    (entry,) = ledger.entries
    assert (entry.endpoint, entry.purpose, entry.verdict) == (URL, "test", "clean")
    assert entry.payload == request()


ADDED = {
    "string": request(user="Zimlor"),
    "key": request(**{"Zimlor": None}),
    "deep": request(extra={"tags": [["Zimlor"]]}),
    "number": request(year=1987),
    "raw": b"Zimlor",
    "twice": b'{"model": "Zimlor", "model": "cloud-4"}',
    "within": request(model="cloud-4 Zimlor"),
    "beside the text": request(messages=[f"{INSTRUCTION} Zimlor"]),
}


@pytest.mark.parametrize("place", ADDED)
@pytest.mark.parametrize("context", [NOTES, []], ids=["known", "unknown"])
def test_whatever_was_added_on_the_way_is_refused_and_not_recorded(
    place: str, context: Sequence[str]
) -> None:
    ledger = MemoryLedger()
    with pytest.raises(PrivacyViolation) as caught:
        authorise(ADDED[place], ledger=ledger, context=context)
    assert "Zimlor" not in str(caught.value)
    (entry,) = ledger.entries
    assert (entry.verdict, entry.payload, entry.masked) == ("refused", b"", {})


@pytest.mark.parametrize(
    "context",
    ["The rent rose by 4.1 per cent.", "role user content role assistant content", "cloud-4"],
)
def test_configuration_is_public_whatever_the_context_says(context: str) -> None:
    """Its words would otherwise tell the cloud, by a missing request, that they are private."""
    authorise(request(), context=[context])


def test_a_client_may_frame_a_text_with_fixed_words() -> None:
    (message,), permission = permit()
    shape = RequestShape.of(b'{"prompt": "User: known /quick"}', ["known"])
    framed = json.dumps({"prompt": f"User: {INSTRUCTION} /quick"}).encode()
    permission.authorise(URL, framed, [message.text], shape)
    with pytest.raises(PrivacyViolation):
        other = json.dumps({"prompt": f"User: {INSTRUCTION} /slow"}).encode()
        permission.authorise(URL, other, [message.text], shape)


def test_a_request_that_cannot_be_recorded_is_not_sent() -> None:
    class Full(MemoryLedger):
        def append(self, entry: LedgerEntry) -> None:
            raise LedgerError("the disk is full", remedy="free some space")

    _, permission = permit(ledger=Full())
    with pytest.raises(LedgerError):
        permission.authorise(URL, b"", [], RequestShape())
    assert permission.sent.calls == 0


def test_settings_beside_the_configuration_are_checked_when_they_are_made() -> None:
    values = ValueSet.from_texts(NOTES)
    border = Border(ledger=MemoryLedger())
    border.check_configured(["en-GB", "team-7"], values, what="headers", remedy="remove them")
    with pytest.raises(PrivacyViolation, match="headers contain private values") as caught:
        border.check_configured(["ZIMLOR"], values, what="headers", remedy="remove them")
    assert "ZIMLOR" not in str(caught.value) and caught.value.remedy == "remove them"


def test_values_are_not_printed() -> None:
    released = release("Write to Zimlor.", NOTES)
    assert "Zimlor" not in repr(released)
