from __future__ import annotations

import copy
import logging
import pickle
from pathlib import Path

import pytest
from support.releases import release

import cogenesis_langchain
from cogenesis_langchain.models.base import PublicMessage
from cogenesis_langchain.privacy.text import BORDER_SEAL, PrivateText, PublicText, _Seal
from cogenesis_langchain.prompts import PublicTemplate

SECRET = "Zimlor Quovex"
SEALED = {
    "cogenesis_langchain/privacy/text.py",
    "cogenesis_langchain/privacy/border.py",
    "cogenesis_langchain/privacy/views/bounded_disclosure.py",
    "cogenesis_langchain/privacy/views/disclosure.py",
    "cogenesis_langchain/privacy/views/masked_disclosure.py",
}


def test_private_text_prints_only_its_length_and_a_digest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = PrivateText(SECRET)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("t").debug("%s %r %s", text, text, [text])
    for shown in (str(text), repr(text), f"{text}", f"{text:>40}", "%s" % text, caplog.text):  # noqa: UP031
        assert "Zimlor" not in shown and "13 characters" in shown
    assert repr(text) == repr(PrivateText(SECRET)) != repr(PrivateText(SECRET + "."))
    assert text.reveal() == SECRET and len(text) == 13
    assert not hasattr(text, "__dict__")


def test_private_text_equals_only_private_text() -> None:
    text = PrivateText(SECRET)
    assert text == PrivateText(SECRET) and hash(text) == hash(PrivateText(SECRET))
    assert text != SECRET and text != PublicText.compose(PublicTemplate(SECRET))


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy])
def test_private_text_cannot_be_pickled_or_copied(leave: object) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        leave(PrivateText(SECRET))  # type: ignore[operator]


def test_only_the_border_makes_public_text() -> None:
    with pytest.raises(TypeError, match="only Border"):
        PublicText("anything", seal=_Seal())
    with pytest.raises(TypeError):
        PublicText("anything")  # type: ignore[call-arg]
    made = release("Write a toast.").text
    assert str(made) == "Write a toast." and repr(made) == "PublicText('Write a toast.')"


def test_compose_takes_only_templates_and_public_texts() -> None:
    template = PublicTemplate("Request: {instruction}")
    public = release("Use {braces} and {instruction}.").text
    assert public is not None
    composed = PublicText.compose(template, {"instruction": public})
    assert str(composed) == "Request: Use {braces} and {instruction}."
    with pytest.raises(ValueError, match="fields"):
        PublicText.compose(template)
    with pytest.raises(AttributeError):
        PublicText.compose(template, {"instruction": "a string"})  # type: ignore[dict-item]


def test_only_the_modules_of_the_border_use_the_seal() -> None:
    root = Path(cogenesis_langchain.__file__).parent
    files = [path for path in root.rglob("*.py")]
    using = {
        f"cogenesis_langchain/{path.relative_to(root)}"
        for path in files
        if "BORDER_SEAL" in path.read_text(encoding="utf-8")
    }
    assert len(files) > 60
    assert using == SEALED
    assert isinstance(BORDER_SEAL, _Seal)


def test_a_string_is_a_type_error_where_the_network_takes_public_text() -> None:
    # The type checker fails if one of these comments is not needed.
    PublicMessage("user", "a string")  # type: ignore[arg-type]
    PublicMessage("user", PrivateText("private"))  # type: ignore[arg-type]
    PublicMessage("user", release().text)  # type: ignore[arg-type]  # may be None: nothing leaves
