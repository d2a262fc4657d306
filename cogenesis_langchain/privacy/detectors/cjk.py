"""Detector of names, places and organisations in Chinese, Japanese and Korean text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.words import is_known_name, is_surname
from cogenesis_langchain.privacy.detectors.spans import Span, ValueKind

_HAN: Final = "[\u4e00-\u9fff]"
_LONG_SURNAMES: Final = (
    "欧阳|司马|上官|诸葛|佐藤|鈴木|高橋|田中|伊藤|渡辺|渡邊|山本|中村|小林|加藤|吉田|山田|佐々木"
    "|山口|松本|井上|木村|斎藤|清水|山崎|池田"
    "|橋本|阿部|石川|前田|藤田|後藤|岡田|長谷川|村上|近藤|石井|坂本|遠藤|青木|藤井|西村|福田|太田"
    "|三浦|岡本|松田|中島|中野|原田|小川|森川|森田|森本|松井|松尾|松村|野村|野口|菊地|菊池|大野"
    "|大塚|今井|河野|藤原|村田|小島|千葉|久保|岩崎|桜井|高木|竹内"
    "|内田|柴田|酒井|宮崎|宮本|安藤|横山|谷口|丸山|高田|工藤|平野|北村|新井|上田|水野|渡部|杉山"
    "|増田|小野|武田|菅原|杉本"
)
_SHORT_SURNAMES: Final = (
    "[王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧"
    "曹彭曾萧蕭田董潘袁蔡蒋蔣余于杜叶葉程魏苏蘇吕呂丁任卢盧姚沈钟鍾姜崔谭譚陆陸范汪廖"
    "石金韦韋贾賈夏付方邹鄒熊白孟秦邱侯江尹薛闫段雷龙龍史陶贺賀顾顧毛郝龚龔邵万萬钱錢"
    "严嚴武戴莫孔汤湯]"
)
_LINKS: Final = "是在叫于为的到去从给和与のにでがはをと"  # is, at, called, of, to, from, and
_PEOPLE: Final = (
    "妈妈|爸爸|母亲|父亲|儿子|女儿|姐姐|哥哥|弟弟|妹妹|奶奶|爷爷|外婆|外公|孩子|男友|女友|先生|太太|邻居|房东"
    "|病人|患者|客户|医生|老师|同事|朋友|妻子|丈夫|律师|经理"
)
_NOT_HAN_BEFORE: Final = rf"(?<!{_HAN})"
_ONE_SURNAME: Final = re.compile(_LONG_SURNAMES)
_HAN_RUN: Final = re.compile(rf"{_NOT_HAN_BEFORE}{_HAN}{{2,5}}(?!{_HAN})")
_PATTERNS: Final[tuple[tuple[ValueKind, re.Pattern[str]], ...]] = (
    (
        "NAME",
        re.compile(
            rf"(?:{_NOT_HAN_BEFORE}|(?<={_PEOPLE})|(?<=[是叫和与跟给找让请问对告诉]))"
            rf"((?:{_LONG_SURNAMES}|{_SHORT_SURNAMES}){_HAN}{{1,2}})(?=的|说|在|住|是|和|与|先生|女士|小姐|老师|医生|さん"
            rf"|様|氏|くん|ちゃん|[^\u4e00-\u9fff]|\Z)"
        ),
    ),
    ("NAME", re.compile(r"([가-힣]{2,4})(?=씨|님)")),
    (
        "NAME",
        re.compile(
            rf"{_NOT_HAN_BEFORE}(?!お|皆|みな)({_HAN}{{1,4}}[\u3041-\u30ff]{{0,4}}?)(?=様|さん|氏|くん|ちゃん|先生|女士|小姐)"
        ),
    ),
    (
        "ORGANISATION",
        re.compile(
            rf"((?:(?![{_LINKS}])(?:{_HAN}|[\u3040-\u30ff]|[A-Za-z])){{2,15}}(?:有限公司|股份公司"
            rf"|公司|集团|银行"
            rf"|医院|大学|学校|株式会社|病院|銀行|大學))"
        ),
    ),
    ("ORGANISATION", re.compile(r"((?:株式会社|㈜|\(주\))[^\s、。，,]{2,15})")),
    (
        "PLACE",
        re.compile(
            rf"(?:住在|家在|去|到|来自|搬到|出生于|飞往)({_HAN}{{2,4}}?)(?=吗|的|市|省|出差|开会"
            rf"|旅游|，|。|、|,|\s|[^\u4e00-\u9fff]|\Z)"
        ),
    ),
    ("PLACE", re.compile(rf"((?:(?![{_LINKS}住来])" rf"{_HAN}){{2,3}}[市省区県府都])(?!{_HAN})")),
)


def find_cjk(text: str) -> Iterator[Span]:
    """Find names that begin with a surname, places after a verb, organisations with a legal form.

    These scripts have no capitals, so patterns and lists of surnames take their place.

    Args:
        text: Any text.

    Yields:
        Spans of kind `NAME`, `PLACE` and `ORGANISATION`.
    """
    if text.isascii():
        return
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield Span(*match.span(1), kind)
    for match in _HAN_RUN.finditer(text):
        if _is_listed_name(match[0]):
            yield Span(*match.span(), "NAME")


def _is_listed_name(run: str) -> bool:
    """Return whether a run of characters is a surname, or a surname and a given name."""
    return (
        is_surname(run)
        or _ONE_SURNAME.fullmatch(run) is not None
        or any(is_surname(run[:cut]) and is_known_name(run[cut:]) for cut in range(1, len(run)))
    )
