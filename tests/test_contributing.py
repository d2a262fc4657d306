"""What contributors copy is executed, and what the workflows call exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_the_report_of_a_leak_runs_and_shows_none() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "SECURITY.md").read_text(), flags=re.S)
    exec(compile(code, "SECURITY.md", "exec"), {"__name__": "security"})
    leaking = code.replace('private("Oksana Merriweather"), ', "").replace(
        "a short letter", "to Oksana Merriweather"
    )
    with pytest.raises(AssertionError):
        exec(compile(leaking, "SECURITY.md", "exec"), {"__name__": "control"})


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "workflows").iterdir()), ids=lambda path: path.name
)
def test_workflows_call_chores_that_exist(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for chore in re.findall(r"run: make (\w+)", path.read_text()):
        assert re.search(rf"^{chore}:", makefile, flags=re.M), chore


NAMED = re.compile(
    r"(?<![\w./-])(?:chains|cogenesis_langchain|docs|examples|experiments|retrievers|tests|tools)"
    r"/[\w/-]+(?:\.\w+)?(?![\w/*{<-])"
)
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "experiments").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_file_that_a_page_names_is_there(page: Path) -> None:
    named = {found[0].rstrip("/") for found in NAMED.finditer(page.read_text(encoding="utf-8"))}
    assert not [name for name in named if not (ROOT / name).exists()]
