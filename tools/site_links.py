"""Checks that every link and image of the built site leads to a file and an anchor that exist.

Zensical's strict mode checks links between pages only, not those to images and other files:

    python tools/site_links.py site
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def broken_links(site: Path) -> Iterator[str]:
    """Yield each local link without a target, with the page that has it."""
    pages = {path: _Page(path) for path in sorted(site.resolve().rglob("*.html"))}
    for path, page in pages.items():
        if path.name == "404.html":  # served at any address, so its links are absolute
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            anchors = pages[target].anchors if target in pages else set()
            inside = target.is_file() and target.is_relative_to(site.resolve())
            if not inside or (parts.fragment and unquote(parts.fragment) not in anchors):
                yield f"{path.relative_to(site.resolve())}: {link}"


if __name__ == "__main__":
    found = list(broken_links(Path(sys.argv[1])))
    sys.stderr.writelines(f"broken link in {line}\n" for line in found)
    sys.exit(bool(found))
