"""Tells questions from requests for a text."""

from __future__ import annotations

import re
from typing import Final

from cogenesis_langchain.privacy.instruction import Request

_QUESTION: Final = re.compile(r"""[?？؟]["'”’»)\]]*\s*\Z|\banswer\s*:\s*\Z""", re.I)


def is_question(text: str) -> bool:
    """Return whether a request asks a question: it ends with a question mark, or with "Answer:".

    The second is how stock prompts of retrieval end.
    """
    return bool(_QUESTION.search(text))


def asks_question(request: Request) -> bool:
    """Return whether a whole request is to be answered, not to be written.

    What may be public decides, so that both models are asked for the same; without it all of the
    user's own words.
    """
    return is_question((request.candidate or request.bare_task).reveal())
