"""Make the notebooks of two guides: python tools/notebooks.py.

The guides are the source. A test fails if a notebook is not what this command writes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import jupytext

DOCS: Final = Path(__file__).parent.parent / "docs"
GUIDES: Final = ("rag", "fused_decoding")
_ADMONITION: Final = re.compile(r'^!!! \w+ "(?P<title>.*)"\n\n(?P<lines>(?:    .*\n|\n)+)', re.M)


def notebook_of(guide: str) -> str:
    """Return a guide as the JSON text of a notebook without outputs."""
    page = (DOCS / "guides" / f"{guide}.md").read_text(encoding="utf-8")
    notebook = jupytext.reads(_ADMONITION.sub(_quoted, page), fmt="md")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    }
    for number, cell in enumerate(notebook.cells):
        cell["id"] = str(number)  # they are random otherwise
    return str(jupytext.writes(notebook, fmt="ipynb"))


def path_of(guide: str) -> Path:
    """Return where the notebook of a guide is kept."""
    return DOCS / "notebooks" / f"{guide}.ipynb"


def _quoted(found: re.Match[str]) -> str:
    """A box of the documentation site as a quotation, which notebooks can show."""
    lines = [f"**{found['title']}**", "", *found["lines"].rstrip().splitlines()]
    return "\n".join(f"> {line.strip()}".rstrip() for line in lines) + "\n\n"


if __name__ == "__main__":
    for name in GUIDES:
        path_of(name).parent.mkdir(exist_ok=True)
        path_of(name).write_text(notebook_of(name) + "\n", encoding="utf-8")
