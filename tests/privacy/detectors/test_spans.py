from __future__ import annotations

import re

from cogenesis_langchain.privacy.detectors.spans import any_of


def test_a_longer_word_is_not_hidden_by_a_shorter_one() -> None:
    pattern = re.compile(any_of(["six", "sixteen"]))
    assert [match[0] for match in pattern.finditer("sixteen or six")] == ["sixteen", "six"]


def test_signs_stand_for_themselves() -> None:
    pattern = re.compile(any_of(["a.b", "c+"]))
    assert pattern.fullmatch("a.b") and pattern.fullmatch("c+")
    assert not pattern.fullmatch("axb") and not pattern.fullmatch("cc")
