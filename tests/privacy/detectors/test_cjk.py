from __future__ import annotations

import pytest
from support.detected import detected

from cogenesis_langchain.privacy.detectors.cjk import find_cjk
from cogenesis_langchain.privacy.detectors.spans import ValueKind


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("王小明说他明天来", "NAME", "王小明"),
        ("我妈妈李秀英住在家里", "NAME", "李秀英"),
        ("欧阳静和我是同事", "NAME", "欧阳静"),
        ("鈴木さんに連絡してください", "NAME", "鈴木"),
        ("田中様へ", "NAME", "田中"),
        ("김민수씨에게 전화하세요", "NAME", "김민수"),
        ("在华信科技有限公司上班", "ORGANISATION", "华信科技有限公司"),
        ("株式会社青空で働く", "ORGANISATION", "株式会社青空で働く"),
        ("我住在苏州的老城", "PLACE", "苏州"),
        ("他搬到成都了", "PLACE", "成都了"),
        ("下周去青岛出差", "PLACE", "青岛"),
    ],
)
def test_names_places_and_organisations(text: str, kind: ValueKind, value: str) -> None:
    assert (kind, value) in detected(find_cjk, text)


@pytest.mark.parametrize(
    "text",
    [
        "请写一封关于房租的信",
        "今天天气很好，我们一起吃饭吧",
        "手紙を書いてください",
        "회의는 즐거웠습니다",
        "No such script here, says Wang.",
    ],
)
def test_everyday_sentences_hold_no_name(text: str) -> None:
    assert detected(find_cjk, text) == set()
