from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.detectors.combined import find_spans, find_spans_in_instruction
from cogenesis_langchain.privacy.detectors.opaque import find_opaque
from cogenesis_langchain.privacy.detectors.secrets import find_secrets


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("Update the password to 'lion-river'.", ["lion-river"]),
        ("Set the passphrase to 'correct horse battery staple'.", ["correct horse battery staple"]),
        ("The password is 'Tr0ub4dor & 3', keep it.", ["Tr0ub4dor & 3"]),
        ("My password is hunter2, change it.", ["hunter2"]),
        ("Change my password from hunter2 to hunter3.", ["hunter2", "hunter3"]),
        ("The door code is: 77-lion.", ["77-lion"]),
        ("Change it: password = 'swordfish'", ["swordfish"]),
        ('Use {"password": "swordfish"} as the body.', ["swordfish"]),
        ("Use PASSWORD=swordfish.", ["swordfish"]),
        ("Login: me\nPassword: swordfish\nThanks", ["swordfish"]),
        ("The PIN code is 42#.", ["42#"]),
        ("Ändere mein Passwort in Sommer2024!", ["Sommer2024!"]),
        ("Mon mot de passe est « tulipe »", [" tulipe "]),
        ("Mi contraseña es luna7", ["luna7"]),
        ("Mot de passe : Tulipe42", ["Tulipe42"]),
        ("Ändere mein Passwort zu Sommer2024", ["Sommer2024"]),
        ("Changez mon mot de passe en Tulipe42", ["Tulipe42"]),
        ("Cambia mi contraseña por luna77", ["luna77"]),
        ("Let the password be hunter2", ["hunter2"]),
        ('Turn the password into "lion-river"', ["lion-river"]),
        ("My password is 1984.", ["1984"]),
        ("Write password:hunter2 thanks", ["hunter2"]),
        ("Change my password from 'swordfish' to 'lionfish'.", ["swordfish", "lionfish"]),
        ("Use DB_PASSWORD=swordfish and SECRET_KEY=lion.", ["swordfish", "lion"]),
        ('Use {"new_password": "swordfish"}', ["swordfish"]),
        ("Password: swordfish\r\nUser: me", ["swordfish"]),
        ("The API key is sk-live4-of-a-very-long-name-that-goes-on-and-on-and-ends-7.", None),
    ],
)
def test_a_secret_that_is_named_as_such_is_found(text: str, secrets: list[str] | None) -> None:
    expected = secrets or [text.removeprefix("The API key is ").removesuffix(".")]
    assert {text[span.start : span.end] for span in find_secrets(text)} == set(expected)
    for find in (find_spans, find_spans_in_instruction):
        found = {text[span.start : span.end] for span in find(text)}
        assert found >= set(expected)


@pytest.mark.parametrize(
    "text",
    [
        "Write an article about a password of 12 characters.",
        "Say that the password has to be changed and is weak.",
        "Explain what an access token is for.",
        "Write how a PIN of 4 digits works, or that the PIN is 4-digit.",
        "Compare password to OAuth2, and moving from password to 2FA.",
        "I changed my password in 2023.",
        'What is the word for password in "German"?',
        "The song is a clave in 12/8 time.",
        "Write a policy. Password: must have a sign.",
        'The form said: password: "".',
        "Write that I reset the password in Office365.",
        "Raise the length of a password to 8-12 characters.",
        "Subject: forgotten password: help",
        "It is a clave in 3-2 time.",
    ],
)
def test_text_about_secrets_holds_none(text: str) -> None:
    assert not list(find_secrets(text))


def test_a_code_of_two_short_parts_is_opaque_and_one_part_is_not() -> None:
    text = "Mention 1j1l-2k3j."
    assert [text[span.start : span.end] for span in find_opaque(text)] == ["1j1l-2k3j"]
    for ordinary in (
        "e2e4",
        "1h5m",
        "x1y1",
        "H2O2",
        "4x4s",
        "B2B",
        "3D-2D",
        "1h30m-2h15m",
        "e2e4-e7e5",
    ):
        assert not list(find_opaque(f"Write about {ordinary} in a letter.")), ordinary
