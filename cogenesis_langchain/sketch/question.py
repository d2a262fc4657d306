"""Tells questions from requests for a text."""

from __future__ import annotations

import re
from typing import Final

_QUESTION: Final = re.compile(r"""[?？؟]["'”’»)\]]*\s*\Z|\banswer\s*:\s*\Z""", re.I)


def is_question(text: str) -> bool:
    """Return whether a request asks a question: it ends with a question mark, or with "Answer:".

    The second is how stock prompts of retrieval end.
    """
    return bool(_QUESTION.search(text))
