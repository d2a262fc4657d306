"""No spelling or encoding of a private value leaves in an instruction."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.spellings import SPELLINGS

from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.privacy.matching.normalisation import normalise
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText

SECRETS = ("Merriweather", "Zübeyde Ilgaz", "1957-11-23", "KX-448291")
KNOWN = ValueSet.from_texts(
    [
        "Lucinda Merriweather knows Zübeyde Ilgaz.",
        "She was born on 1957-11-23. Her file is KX-448291.",
    ]
)


def leaves(instruction: str, values: ValueSet = KNOWN) -> str:
    """The text that the border lets out; empty if nothing may leave."""
    border = Border(ledger=MemoryLedger())
    text = border.release(PrivateText(instruction), values, Placeholders()).text
    return "" if text is None else str(text)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_a_known_value_leaves_in_no_spelling(spell: Callable[[str], str], secret: str) -> None:
    spelled = spell(secret).strip()
    left = leaves(f"Write a short note to {spelled} about the garden.")
    assert spelled not in left
    readable = normalise(spelled)
    assert len(readable) < len(secret) / 2 or readable not in normalise(left)


READABLE = (
    "lower case", "upper case", "reversed", "rot13", "small capitals", "squared", "circled",
    "full width", "bold script", "strokes through", "keycaps", "marks above", "joiners",
)  # fmt: skip


@pytest.mark.parametrize("name", READABLE)
def test_a_spelling_of_a_public_word_leaves(name: str) -> None:
    """The control: what hides a known value is that it is known."""
    spelled = SPELLINGS[name]("Teacher")
    assert spelled in leaves(f"Write a short note to {spelled} about the garden.", ValueSet())


OPAQUE = [
    "4d657272697765617468657221",
    "JVSXE4TJO5SWC5DIMVZA====",
    "TWVycml3ZWF0aGVy",
    "9jqNSEc5uCF*",
    "\\x4d\\x65\\x72",
    "M\\u0065rriweather",
    "\\u{4d}\\u{65}",
    "=4D=65=72=72",
    "%4D%65%72%72",
    "\\00004d\\000065",
    "&#77;&#101;",
    "01001101 01100101",
    "4d 65 72 72",
    "K3ll3rm4n",
    "\u280d\u2811\u2817\u2817\u280a",
    "-- . .-. .-. .. .-- .",
    "\U000e0001\U000e006d\U000e0065",
]


@pytest.mark.parametrize("code", OPAQUE)
def test_an_opaque_string_is_masked_whatever_it_means(code: str) -> None:
    left = leaves(f"Write a note about {code} and the garden.", ValueSet())
    assert code not in left and left.endswith("the garden.")
    assert not normalise(code) or normalise(code) not in normalise(left)


@pytest.mark.parametrize(
    "text",
    [
        "Write a LaTeX table with 3 columns for PostgreSQL and JavaScript.",
        "Explain COVID-19, H2O, B2B, MP3, 4x4, A4, the 2nd of 24/7 and v2.1.",
        "Convert 100MB, 5kg and 20°C; the 1990s; a 5-year-old; 10:30am.",
        "What does the regular expression ^\\d{4}-\\d{2}$ match? And x=20, a[i]+b?",
        "List numbers: 10, 20, 30. Rate 4/5, 50%, 3.14, 1,000,000.",
        "Schreibe über Donaudampfschifffahrtsgesellschaften und Äpfel.",
        "Explain i18n, k8s, sha256, UTF-8, x86_64, python3.12 and GPT-4.",
        "Write about naïve cafés, señoras, Łódź and the emoji 👩‍🚀❤️.",
        "IMPORTANT: WRITE EVERYTHING IN CAPITALS, PLEASE.",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
    ],
)
def test_usual_text_leaves_as_it_is(text: str) -> None:
    assert leaves(text, ValueSet()) == text
