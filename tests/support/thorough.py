"""Number of cases in the long tests.

By default a few hundred generated cases, a ninth of the border's matrix, and five calls for each of
64 users. With ``--hypothesis-profile=thorough``: ten thousand cases, the whole matrix, fifty calls.
"""

from __future__ import annotations

from typing import Final

from hypothesis import settings

from cogenesis_langchain.testing import CALL_STYLES

THOROUGH: Final = settings().max_examples >= 10_000
CASES: Final = settings().max_examples if THOROUGH else 300
_STYLES_IN_TURN: Final = 3


def styles_in_turn(turn: int) -> list[str]:
    """Every third call style of LangChain: three turns in a row have them all.

    With the thorough profile each turn has all.
    """
    styles = list(CALL_STYLES)
    return styles if THOROUGH else styles[turn % _STYLES_IN_TURN :: _STYLES_IN_TURN]
