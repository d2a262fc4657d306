"""The report as one HTML file that loads no other."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;display:block;overflow-x:auto;font-size:.85rem}"
    "td,th{padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}"
    "img{max-width:100%}pre{background:#f5f5f5;padding:.8rem;overflow-x:auto;white-space:pre-wrap}"
)


def to_page(markdown: str, folder: Path) -> str:
    """Convert a Markdown page and embed its plots."""

    def inline(match: re.Match[str]) -> str:
        data = base64.b64encode((folder / match[1]).read_bytes()).decode()
        return f'src="data:image/svg+xml;base64,{data}"'

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    body = re.sub(r'src="(figures/[\w-]+\.svg)"', inline, body)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Report</title>'
        f"<style>{_STYLE}</style><body>{body}</body></html>\n"
    )
