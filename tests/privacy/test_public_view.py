"""The public view of a text while it is written: what it shows, and that it never takes it back."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.spellings import SPELLINGS
from wire.obfuscation import FORMS, letters_and_digits, phrases, values

from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.privacy.values import PrivateValue
from cogenesis_langchain.privacy.views.disclosure import OpenDisclosure, Part, PublicTokens
from cogenesis_langchain.privacy.views.masked_disclosure import MaskedDisclosure
from cogenesis_langchain.privacy.views.public_view import GrowingView
from cogenesis_langchain.prompts import PublicTemplate
from cogenesis_langchain.testing.search import find_leaks

NOTE = (
    "My name is Anna Keller, born 14 March 1961. My dentist Dr. Bartholomew Quist wants "
    "1,420.50 EUR. Call +49 30 5551234.\nThe heating in my kitchen failed since the storm of May."
)
VALUES = ValueSet.from_texts([NOTE])
PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")
NO_TEXT = PublicText.compose(PublicTemplate(""))


def view_of(note: str = NOTE, known: ValueSet | None = None) -> GrowingView:
    return GrowingView(known or ValueSet.from_texts([note]), Placeholders(), [note])


def words(text: str) -> list[bytes]:
    """Tokens as of a language model: a word with the space before it, a digit, a sign."""
    return [found.encode() for found in re.findall(r" ?[^\W\d_]+| ?\d|.", text, re.DOTALL)]


def cut(text: str, seed: int) -> list[bytes]:
    """Tokens of one to five bytes, so that characters are split."""
    chance, raw, pieces = random.Random(seed), text.encode(), list[bytes]()
    while raw:
        size = chance.randint(1, 5)
        pieces.append(raw[:size])
        raw = raw[size:]
    return pieces


def rendered(parts: Sequence[Part], tokens: Sequence[bytes]) -> str:
    return b"".join(
        part.encode() if isinstance(part, str) else b"".join(tokens[part.start : part.stop])
        for part in parts
    ).decode(errors="replace")


def views(view: GrowingView, tokens: Sequence[bytes]) -> Iterator[str | None]:
    for count in range(len(tokens) + 1):
        parts = view.after(tokens[:count])
        yield None if parts is None else rendered(parts, tokens)


def last_view(text: str, view: GrowingView | None = None) -> str:
    """The longest view of the beginnings of a text."""
    return [shown for shown in views(view or view_of(), words(text)) if shown is not None][-1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Dear Dr. Quist, I am", "Dear Dr. [NAME_1], I am"),
        ("Anna Keller and Anna Keller met", "[NAME_1] and [NAME_1] met"),
        ("it is due on 14 March 1961, sadly said", "it is due on [DATE_1], sadly said"),
        ("due on March 14, sadly said", "due on [DATE_1], sadly said"),
        ("the number +49 30 5551234 is good", "the number +[PHONE_1] is good"),
        ("Kellers' house", "[NAME_1]s' house"),
        ("K e l l e r says hello", "[NAME_1] says hello"),
        ("he owes 1420.50 euros today", "he owes [AMOUNT_1] today"),
        ("the heating in my kitchen too", "the heating in my [PHRASE_1] too"),
        ("the heating in our kitchen too", "the heating in our kitchen too"),
        ("we met 31 friends today", "we met 31 friends today"),
        ("ask rellek or S2VsbGVy. We know", "ask [TEXT_1] S[TEXT_2] know"),
    ],
)
def test_private_values_stand_as_placeholders(text: str, shown: str) -> None:
    assert last_view(text) == shown


@pytest.mark.parametrize(
    "text",
    ["Dear Kel", "Dear Keller", "on 14", "on 14 March", "on March", "for forty", "K e l",
     "the heating in my kitch", "the heating in my kitchen", "call +49", "a xryyr", "Anna"],
)  # fmt: skip
def test_what_may_become_a_private_value_is_held_back(text: str) -> None:
    assert view_of().after(words(text)) is None


@pytest.mark.parametrize(
    "text", ["", "Dear", "Dear Kelp", "the heating in my", "on Monday", "I see"]
)
def test_what_can_become_none_is_shown(text: str) -> None:
    assert view_of().after(words(text)) is not None


def test_an_everyday_word_that_is_a_name_waits_for_the_next_word() -> None:
    known = ValueSet.from_texts(["My landlord is Mr Grant Mayer."])
    assert view_of("", known).after(words("Yesterday. Grant")) is None
    assert (
        last_view("Yesterday. Grant says no", view_of("", known)) == "Yesterday. [NAME_1] says no"
    )
    assert last_view("Yesterday. Grant me one", view_of("", known)) == "Yesterday. Grant me one"


def test_of_values_that_the_writer_has_not_read_the_rest_is_masked() -> None:
    everything = VALUES.union(ValueSet.from_rows([("detected", "NAME", "Theodor Innsmann")]))
    tokens = [b"to", b" The", b"odor", b" Inns", b"mann", b" we", b" send"]
    view = GrowingView(everything, Placeholders(), [NOTE], read=VALUES)
    assert view.after(tokens[:2]) is not None
    assert rendered(view.after(tokens) or (), tokens) == "to The[NAME_1] Inns[NAME_2] we send"
    strict = GrowingView(everything, Placeholders(), [NOTE])
    assert strict.after(tokens[:2]) is None
    assert rendered(strict.after(tokens) or (), tokens) == "to [NAME_1] we send"


def test_equal_values_have_the_placeholder_of_the_instruction() -> None:
    placeholders = Placeholders()
    placeholders.extend([("NAME", "Bartholomew Quist"), ("NAME", "Anna Keller")])
    view = GrowingView(VALUES, placeholders, [NOTE])
    assert last_view("to Anna Keller we send", view) == "to [NAME_2] we send"
    assert len(placeholders.entries()) == 2


def test_a_rejected_value_leaves_no_trace() -> None:
    """Equal texts have equal views, whatever was written and taken back before."""
    fresh, used = view_of(), view_of()
    list(views(used, words("to Anna Keller we send Quist")))
    text = words("to Dr. Quist we send")
    assert used.after(text) == fresh.after(text)


@pytest.mark.parametrize("name", sorted(SPELLINGS))
def test_a_spelled_or_encoded_name_does_not_get_into_the_view(name: str) -> None:
    text = f"Dear {SPELLINGS[name]('Bartholomew')} and others, we write today. Yes"
    assert not find_leaks(last_view(text).encode(), ["Bartholomew"])
    assert find_leaks(text.encode(), ["Bartholomew"])


@pytest.mark.parametrize(
    "encode", [quote, json.dumps, lambda text: text.encode().hex(" ")], ids=["url", "json", "hex"]
)
def test_a_code_is_hidden_though_a_part_of_it_is_a_value_too(
    encode: Callable[[str], str],
) -> None:
    note = "My neighbour is Νίκος Παπαδόπουλος. " + " ".join(f"{n} kg" for n in range(10, 100))
    view = view_of(note, ValueSet.from_texts([note]))
    text = f"See {encode('Νίκος Παπαδόπουλος')} for the rest of it. Yes"
    tokens = [bytes([byte]) for byte in text.encode()]
    shown = [one for one in views(view, tokens) if one is not None][-1]
    # The beginning of the first code may be shown before it is clear that it is one.
    before, tag, after = shown.partition("[")
    assert tag and len(before) < len("See ce 9d ce ") + 1
    assert not re.search(r"%[0-9A-F]{2}|\\u|\b[0-9a-f]{2} [0-9a-f]{2}\b", after)
    assert after.endswith("the rest of it. Yes")


FILLERS = (
    "I write about",
    "the",
    "and then",
    ", which we",
    "for",
    "in",
    "a",
    "please",
    "— né à",
    ".",
)


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    """A private note, a text that quotes it in awkward forms, and what must not be shown."""
    # The first words of a copied phrase are shown, so a phrase must not hold other values.
    context = draw(st.lists(values, min_size=1, max_size=3) | phrases().map(lambda one: [one]))
    if any(value.sentence.startswith("She wrote") for value in context):
        context = context[:1]
    text, fragments = "", list[str]()
    for value in context:
        filler = draw(st.sampled_from(FILLERS))
        mention = FORMS[draw(st.sampled_from(sorted(FORMS)))](draw(st.sampled_from(value.mentions)))
        plain = letters_and_digits(mention)
        fragments += [part for part in map(letters_and_digits, value.fragments) if part in plain]
        text += f"{filler} {mention} {draw(st.sampled_from(FILLERS))} "
    return "\n".join(value.sentence for value in context), text + "and so on", fragments


@settings(max_examples=30, deadline=None)
@given(texts(), st.integers(0, 9))
def test_no_view_holds_a_value_and_none_is_taken_back(
    case: tuple[str, str, list[str]], seed: int
) -> None:
    note, text, fragments = case
    known = ValueSet.from_texts([note])
    tokens = words(text) if seed == 0 else cut(text, seed)
    before = ""
    for shown in views(GrowingView(known, Placeholders(), [note]), tokens):
        if shown is not None:
            assert shown.startswith(before)
            before = shown
    bare = PLACEHOLDER.sub(" ￼ ", before)
    assert not known.find(bare)
    # Of the awkward forms the border masks nearly all, and the view has to be no worse.
    border = Border(ledger=MemoryLedger()).view(PrivateText(text), known, Placeholders())
    hidden = [part for part in fragments if part not in letters_and_digits(str(border))]
    assert not [part for part in hidden if part in letters_and_digits(bare)]


@pytest.mark.parametrize("seed", range(10))
def test_a_name_that_is_spelled_out_is_in_no_view_however_its_tokens_are_cut(seed: int) -> None:
    note = "My sister is called Bartholomew Weißenfels and lives nearby."
    tokens = cut("the B a r t h o l o m e w   W e i ß e n f e l s the and so on", seed)
    view = GrowingView(ValueSet.from_texts([note]), Placeholders(), [note])
    for shown in views(view, tokens):
        assert "W e i" not in (shown or "")


TOKENS = [b" Anna", b" Keller", b"An", b"na", b" 14", b" March", b" heating", b" in", b" my",
          b" the", b" kitchen", b",", b"\n", b"\xc3", b"\xa9", b"\xff", b"", b" Q", b"uist",
          "日本".encode(), " näher".encode(), "\u0301".encode()]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.lists(st.sampled_from(TOKENS), max_size=6))))
def test_after_any_edits_the_view_agrees_with_the_text_outside_placeholders(
    edits: list[tuple[int, list[bytes]]],
) -> None:
    used, text = GrowingView(VALUES, Placeholders(), [NOTE]), list[bytes]()
    for kept, added in edits:
        text = [*text[:kept], *added]
        parts = used.after(text)
        if parts is None:
            continue
        fresh = GrowingView(VALUES, Placeholders(), [NOTE])
        assert parts == fresh.after(text)
        literals = PLACEHOLDER.split(rendered(parts, text))
        whole = b"".join(text).decode(errors="replace")
        pattern = ".+".join(map(re.escape, literals))
        assert re.fullmatch(pattern, whole, re.DOTALL)
        shown = [index for part in parts if not isinstance(part, str) for index in part]
        assert shown == sorted(set(shown))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=12))
def test_ids_and_text_show_the_same(tokens: list[bytes]) -> None:
    """Both tokenizer cases. Here the tokens' ids are their indices, and bytes have ids above."""
    ids = [TOKENS.index(token) for token in tokens]

    def decode(given: Sequence[int]) -> bytes:
        return b"".join(TOKENS[i] if i < 100 else bytes([i - 100]) for i in given)

    masked = MaskedDisclosure(
        view_of(), encode=lambda text: [byte + 100 for byte in text], decode=decode
    )
    prompt = PublicTokens.of([NO_TEXT], lambda _: [3])
    by_id, by_text = masked.tokens(prompt, ids), masked.text(NO_TEXT, ids)
    shown = masked.shown(ids, len(ids))
    assert (by_id is None) == (by_text is None) == (shown is None)
    if by_id is not None and shown is not None:
        assert by_id.ids[0] == 3
        assert decode(by_id.ids[1:]).decode(errors="replace") == str(by_text)
        assert [ids[index] for index in shown] == [i for i in by_id.ids[1:] if i < 100]


def test_the_control_that_shows_the_text_as_it_is_leaks() -> None:
    open_text = OpenDisclosure(lambda _: b"to Anna Keller").text(NO_TEXT, [1, 2, 3])
    assert find_leaks(str(open_text).encode(), ["Anna Keller"])


@pytest.mark.parametrize(
    "declared",
    [["a"], ["e"], ["1"], ["I", "write", "to", "you", "today"], ["☂☂"], ["NAME"], ["[NAME_1]"]],
)
def test_terms_of_any_form_are_kept(declared: list[str]) -> None:
    known = ValueSet.from_texts((), declared=[PrivateValue("TERM", term) for term in declared])
    text = "I write a note to you today ☂☂ about 1 e and NAME, with [NAME_1] so we"
    bare = PLACEHOLDER.sub(" ￼ ", last_view(text, view_of("", known)))
    assert not known.find(bare)


def test_a_value_of_five_hundred_words_is_one_placeholder() -> None:
    term = " ".join(f"word{number % 37}" for number in range(500))
    known = ValueSet.from_texts((), declared=[PrivateValue("TERM", term)])
    assert last_view(f"we have {term} and more", view_of("", known)) == "we have [TERM_1] and more"


def test_a_value_may_have_two_kinds() -> None:
    both = [PrivateValue("NAME", "Quist"), PrivateValue("PLACE", "Quist")]
    known = ValueSet.from_texts((), declared=both)
    assert PLACEHOLDER.fullmatch(last_view("Quist said", view_of("", known)).removesuffix(" said"))
