"""A completed template coloured by author, for the terminal and as one HTML page.

The runs of words come from ``response_metadata["cogenesis"]["provenance"]``. Both views hold the
private text, so they stay on this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from string import Template
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.text import Text

Runs = Sequence[tuple[str, str]]
"""Author (``cloud`` or ``local``) and words of each run."""

_STYLES: Final = {"cloud": "", "local": "bold underline"}
_PAGE: Final = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who wrote which words</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 17px/1.7 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto;
         padding: 0 1rem; }
  .text { white-space: pre-wrap; }
  .local { background: #ffd9a8; color: #3a2200; border-bottom: 2px solid #c05a00; }
  .summary { color: GrayText; }
  @media (prefers-color-scheme: dark) {
    .local { background: #5a3200; color: #ffe9d0; border-color: #ffae5c; }
  }
</style>
<h1>Who wrote which words</h1>
<p class="summary">$summary. Plain words: the cloud model, which saw the general instruction alone.
<span class="local">Underlined words</span>: the local model, from the private notes.</p>
<p class="text">$text</p>
$lists
</html>
""")


def summary(runs: Runs) -> str:
    """Return how many words each author wrote."""
    words = {author: 0 for author in _STYLES}
    for author, text in runs:
        words[author] += len(text.split())
    return f"{words['cloud']} words of the cloud model, {words['local']} of the local model"


def render(runs: Runs) -> Text:
    """Return the text for a terminal; the local model's words are bold and underlined."""
    from rich.text import Text

    text = Text()
    for author, words in runs:
        text.append(words, style=_STYLES[author])
    return text


def to_html(runs: Runs, *, left_out: Sequence[str] = (), missing: Sequence[str] = ()) -> str:
    """Return one HTML page that loads nothing.

    Args:
        runs: The text by author.
        left_out: Sentences of the template that were left out.
        missing: Details of the request that the text does not tell.
    """
    return _PAGE.substitute(
        summary=escape(summary(runs)),
        text="".join(f'<span class="{author}">{escape(words)}</span>' for author, words in runs),
        lists=_list("Left out: the notes do not support it", left_out)
        + _list("Asked for and not told", missing),
    )


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    rows = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<h2>{escape(title)}</h2><ul>{rows}</ul>"
