from __future__ import annotations

import pytest
from support.detected import detected

from cogenesis_langchain.privacy.detectors.addresses import find_addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("I live at 27 Crabtree Lane, Sheffield S5 7AY.", "27 Crabtree Lane, Sheffield S5 7AY"),
        (
            "Send it to Apartment 9, 310 Harbour Drive, Portland, OR 97209 please",
            "Apartment 9, 310 Harbour Drive, Portland, OR 97209",
        ),
        ("from Hollow Lane, Tewkesbury GL20 5RT", "Hollow Lane, Tewkesbury GL20 5RT"),
        ("at 7 Quarry Bank, Matlock DE4 3PF", "7 Quarry Bank, Matlock DE4 3PF"),
        ("flat in Blk 128 Bedok North Avenue 2", "Blk 128 Bedok North Avenue 2"),
        ("to P.O. Box 318, Lititz, PA 17543", "P.O. Box 318, Lititz, PA 17543"),
        ("postcode GL20 5RT only", "GL20 5RT"),
        ("wohnt Lindenstraße 14, 50674 Köln", "Lindenstraße 14, 50674 Köln"),
        ("zieht in den Birkenweg 7a um", "Birkenweg 7a"),
        ("habite 12 rue des Tanneurs, 37000 Tours", "12 rue des Tanneurs, 37000 Tours"),
        ("vive en Calle de la Paloma 23, 28005 Madrid", "Calle de la Paloma 23, 28005 Madrid"),
        ("abita in Via Garibaldi 45, 40121 Bologna", "Via Garibaldi 45, 40121 Bologna"),
        ("mora na Rua Augusta, 210", "Rua Augusta, 210"),
        ("mieszka przy ul. Kwiatowa 8", "ul. Kwiatowa 8"),
        ("живёт: ул. Ленина д. 5, кв. 12", "ул. Ленина д. 5, кв. 12"),
    ],
)
def test_addresses_of_many_countries(text: str, address: str) -> None:
    assert ("ADDRESS", address) in detected(find_addresses, text)


@pytest.mark.parametrize(
    "text",
    [
        "Write a story set on a quiet street in a small town.",
        "We took the second road and then a lane through the hills.",
        "Chapter 12 describes the road to Rome.",
        "Nimm die erste Straße links.",
        "La rue est calle en espagnol.",
    ],
)
def test_streets_in_general_are_no_addresses(text: str) -> None:
    assert detected(find_addresses, text) == set()
