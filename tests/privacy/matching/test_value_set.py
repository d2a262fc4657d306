from __future__ import annotations

import base64
import json
import threading
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogenesis_langchain.privacy.matching.value_set import Hit, ValueSet, detect_in_instruction
from cogenesis_langchain.privacy.values import PrivateValue

CONTEXT = """Dear Mr. Grant Holloway, my wife Zsófia Keller-Łukasik owes $14,200 to
Brightwater Logistics Ltd since 14 March 2026. Call her on +44 7911 123456 or write to
zsofia.kl@posteo.de. She was born in Whitby and the doctor said that it will take
some time before she can climb the stairs again."""
VALUES = ValueSet.from_texts([CONTEXT])


def found(text: str, values: ValueSet = VALUES) -> list[str]:
    return [text[hit.start : hit.end] for hit in values.find(text)]


@pytest.mark.parametrize(
    "spelling",
    [
        "Zsófia Keller-Łukasik",
        "ZSÓFIA KELLER-ŁUKASIK",
        "zsofia keller lukasik",
        "Zso\u0301fia Keller-Łukasik",
        "Zs\u200bóf\u00adia Keller-Łu\u2060kasik",
        "Zѕófіа Кеllеr-Łukаѕіk",  # Cyrillic look-alikes
        "Ｚｓóｆｉａ Ｋｅｌｌｅｒ Łukasik",
        "Zsófia\n  Keller\u00a0Łukasik",
        "ZsófiaKellerŁukasik",
        "z s o f i a k e l l e r l u k a s i k",
        "Zsó-\nfia Keller",
        "Keller",
        "Łukasik",
        "Mr. Grant Holloway",
        "$14,200",
        "14200",
        "14 200",
        "14.200,00 EUR",
        "14.2k",
        "fourteen thousand two hundred",
        "１４２００",
        "14 March 2026",
        "March 14",
        "14/03",
        "14.03.2026",
        "2026-03-14",
        "le 14 mars",
        "the fourteenth of March",
        "+44 7911 123456",
        "07911 123456",
        "+447911123456",
        "zsofia.kl@posteo.de",
        "BRIGHTWATER",
        "Whitby",
        "the doctor said that it",
        "THE DOCTOR, said that it will\ntake",
    ],
)
def test_a_value_is_found_in_any_spelling(spelling: str) -> None:
    text = f"please write about {spelling} now"
    covered = {place for hit in VALUES.find(text) for place in range(hit.start, hit.end)}
    start = text.index(spelling)
    left = [text[i] for i in range(start, start + len(spelling)) if i not in covered]
    assert not any(letter.isalnum() for letter in left if letter not in "lethof"), left


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Keller's dog and the Kellers", ["Keller", "Keller"]),
        ("a dekeller unkellered Kellerei", []),
        ("the doctor said so", []),
        ("$14,2000 or 142000", []),
        ("on 15 March, at 4:03", []),
    ],
)
def test_words_are_matched_whole(text: str, values: list[str]) -> None:
    assert found(text) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Ask Grant about it.", ["Grant"]),
        ("Write a grant proposal.", []),
        ("Grant proposals need a summary.", []),
        ("Grant said no.", ["Grant"]),
        ("GRANT HOLLOWAY and holloway", ["GRANT HOLLOWAY", "holloway"]),
    ],
)
def test_a_name_that_is_an_everyday_word_needs_a_capital(text: str, values: list[str]) -> None:
    assert found(text) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Invite May and her son.", ["May"]),
        ("May I have a note for the trip in May, on May 5?", []),
        ("aunt may", ["aunt may"]),
    ],
)
def test_a_name_that_is_a_month_counts_for_the_person_only(text: str, values: list[str]) -> None:
    assert found(text, ValueSet.from_texts(["Aunt May sings."])) == values


def test_a_short_name_is_not_pieced_together_from_words() -> None:
    values = ValueSet.from_texts(["Name: Asa\nName: Isa\nName: Thi"])
    assert found("as a rule this is a test", values) == []
    assert found("tell Asa, A-s-a and i s a", values) == ["Asa", "A-s-a", "i s a"]


def test_case_is_ignored_in_other_scripts() -> None:
    values = ValueSet.from_texts(["Имя: Нина Орлова", "姓名：王小明"])
    assert found("НИНА нина и 王小明的信", values) == ["НИНА", "нина", "王小明"]


def test_a_declared_value_is_found_even_if_it_is_an_everyday_word() -> None:
    values = ValueSet.from_texts([], declared=[PrivateValue("TERM", "falcon")])
    assert found("the Falcon launch", values) == ["Falcon"]


def test_hits_are_disjoint_and_cover_every_value() -> None:
    values = ValueSet.from_texts(
        ["we will meet our friend Anna"], declared=[PrivateValue("NAME", "Anna Keller")]
    )
    text = "we will meet our friend Anna Keller"
    hits = values.find(text)
    assert [text[hit.start : hit.end] for hit in hits] == ["we will meet our friend Anna", "Keller"]
    assert [hit.value.kind for hit in hits] == ["PHRASE", "NAME"]


def test_runs_shorter_than_phrase_words_are_not_phrases() -> None:
    context = "nobody in this house may know about that plan"
    assert found("nobody in this house", ValueSet.from_texts([context])) == []
    shorter = ValueSet.from_texts([context], phrase_words=4)
    assert found("nobody in this house", shorter) == ["nobody in this house"]


@pytest.mark.parametrize("name", ["Oksana Merriweather", "Ngozi Achterberg", "Cem Yıldızoğlu"])
def test_a_name_of_the_context_is_found_in_lower_case(name: str) -> None:
    values = ValueSet.from_texts([f"We met {name} on Sunday."])
    for word in name.lower().split():
        assert found(f"write to {word} about it", values) == [word]


def test_an_everyday_word_is_no_name_in_lower_case() -> None:
    values = ValueSet.from_texts(["We met Grace Baker on Sunday."])
    assert found("write to the baker with grace", values) == []
    assert found("write to Grace about it", values) == ["Grace"]


# Payloads


def as_json(text: str) -> str:
    return json.dumps({"messages": [{"role": "user", "content": text}]})


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text,
        str.upper,
        as_json,
        lambda text: json.dumps(as_json(text)),
        lambda text: quote(text),
        lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: as_json(base64.b64encode(f"xx {text} yy".encode()).decode()),
        lambda text: base64.urlsafe_b64encode(f"?{text}?".encode()).decode().rstrip("="),
        lambda text: base64.encodebytes(text.encode() * 5).decode(),
        lambda text: as_json(text[:3] + "\n" + text[3:]),
        lambda text: as_json("\u200b".join(text)),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: text.replace("e", "&#101;"),
    ],
)
@pytest.mark.parametrize("secret", ["Zsófia", "Keller", "$14,200", "14 March 2026", "Whitby"])
def test_a_value_is_found_in_a_payload(encode: Callable[[str], str], secret: str) -> None:
    assert VALUES.find_in_payload(encode(secret).encode())


def test_a_payload_without_a_value_is_clean() -> None:
    payload = as_json("Write a letter about roses, in 200 words, by Monday.")
    assert VALUES.find_in_payload(payload.encode()) == ()
    assert VALUES.find_in_payload(base64.b64encode(payload.encode())) == ()


def test_a_binary_payload_is_searched() -> None:
    assert VALUES.find_in_payload(b"\xff\xfe\x00Keller\x00\xff") == ("NAME",)


# Sets


def test_a_union_finds_the_values_of_both_sets() -> None:
    texts = [f"Name: Zorblat{chr(97 + n)}ix" for n in range(20)]
    whole = ValueSet()
    for text in texts:
        whole = whole.union(ValueSet.from_texts([text]))
    assert all(found(text[6:], whole) for text in texts)
    assert len(whole) == 20
    assert not whole.union(VALUES).find("nothing private here")


def test_a_union_keeps_the_automaton_of_a_large_set_on_either_side() -> None:
    large = ValueSet.from_texts([f"Invoice QX-{number} of {number}.50 EUR." for number in range(9)])
    small = ValueSet.from_texts(["Call Zimlor."])
    for whole in (large.union(small), small.union(large)):
        assert whole.segments[0] is large.segments[0] and len(whole.segments) == 2


def test_a_union_of_sets_with_different_phrase_words_is_refused() -> None:
    with pytest.raises(ValueError, match="different phrase_words"):
        VALUES.union(ValueSet.from_texts(["a b c d"], phrase_words=3))


def test_rows_restore_the_same_set() -> None:
    declared = ValueSet.from_texts([], declared=[PrivateValue("TERM", "falcon")])
    rows = json.loads(json.dumps([*VALUES.to_rows(), *declared.to_rows()]))
    restored = ValueSet.from_rows(map(tuple, rows))
    for text in ("zsofia owes 14200", "the falcon", "the doctor said that it will", "clean"):
        assert restored.find(text) == VALUES.union(declared).find(text)


def test_threads_share_one_set() -> None:
    values = ValueSet.from_texts([CONTEXT])
    results: list[tuple[Hit, ...]] = []
    text = "Keller owes 14.2k since 14/03"
    threads = [
        threading.Thread(target=lambda: results.append(values.find(text))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 16 and set(results) == {VALUES.find(text)}


@given(st.text(max_size=60))
def test_any_text_can_be_searched(text: str) -> None:
    for hit in VALUES.find(text):
        assert 0 <= hit.start < hit.end <= len(text)
    VALUES.find_in_payload(text.encode("utf-8", "surrogatepass"))


@given(
    st.sampled_from(["Zsófia Keller", "$14,200", "14 March 2026", "zsofia.kl@posteo.de"]),
    st.text(st.characters(whitelist_categories=["Zs", "Po", "Cc"]), min_size=1, max_size=3),
    st.lists(st.sampled_from(["\u200b", "\u200d", "\u2060", "\u00ad", ""]), min_size=30),
)
def test_punctuation_and_joiners_do_not_hide_a_value(
    secret: str, around: str, joiners: list[str]
) -> None:
    joined = "".join(a + b for a, b in zip(secret, joiners, strict=False))
    assert VALUES.find(f"about {around}{joined}{around} now")


# Instructions without a private context


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Write to Dr. Nwosu about my wife Anna.", ["Dr. Nwosu", "Anna"]),
        ("Complain to anna@keller.de or +44 7911 123456.", ["anna@keller.de", "+44 7911 123456"]),
        ("Order no. 778120 on card 4111 1111 1111 1111", ["778120", "4111 1111 1111 1111"]),
        ("I paid $1,284.50 on 14 March 2026.", ["$1,284.50", "14 March 2026"]),
        ("Write about 5 bullet points, $100 and 3 days in May.", []),
        ("Explain HTTP status code 404 and ISO 9001 to Mr President.", []),
    ],
)
def test_structured_values_are_found_in_an_instruction_alone(text: str, values: list[str]) -> None:
    assert [text[hit.start : hit.end] for hit in detect_in_instruction(text)] == values


@pytest.mark.parametrize("name", ["Weißenfels", "Bæring", "Lœwe", "Müller", "Keller"])
def test_a_name_with_a_space_after_each_letter_is_found(name: str) -> None:
    """A letter such as "ß" counts as one, though it is compared as two."""
    known = ValueSet.from_texts([f"My sister is called Bartholomew {name} and lives nearby."])
    assert known.find(f"for {' '.join(name)} the")
    assert not known.find(f"for {' '.join('Quistgaard')} the")
