"""What a reader copies from the documentation site is executed, and the site is complete."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer.main
from langchain_openai import ChatOpenAI
from support.byte_models import ByteLocal, byte_server, routed
from support.scripted_turns import ScriptedTurns, call
from support.word_embeddings import WordEmbeddings
from typer.core import TyperGroup

import cogenesis_langchain
from cogenesis_langchain import ChatCoGenesis, MemoryLedger, testing
from cogenesis_langchain.cli import app
from cogenesis_langchain.testing import EgressRecorder, FakeLocal
from tools.site_links import broken_links

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {
    str(path.relative_to(DOCS)): path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")
}


def blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGES[page], flags=re.S)


def follow(prompt: str) -> str:
    """A turn of a local model that can call the tool of the page, or fill in its schema."""
    if "find_event" in prompt:
        return call("find_event", '{"subject": "dentist"}')
    return '{"person": "Dr Felix Obi", "day": "14 May"}' if "Read the note" in prompt else "A text."


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EgressRecorder]:
    """A recording server where the pages have a cloud, and scripted models where they have files.

    The local models write what they are told, so nothing here proves anything about texts.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setattr(cogenesis_langchain, "LocalMiniLM", WordEmbeddings)
    with EgressRecorder(routed(byte_server())) as recorder:
        monkeypatch.setenv("OPENAI_BASE_URL", recorder.base_url)
        yield recorder


def run(
    page: str, monkeypatch: pytest.MonkeyPatch, local: Callable[[], object]
) -> dict[str, object]:
    monkeypatch.setattr(cogenesis_langchain, "LlamaCppModel", lambda *_, **__: local())
    names: dict[str, object] = {"__name__": "page"}
    for code in blocks(page):
        exec(compile(code, page, "exec"), names)
    return names


def test_the_start_page_runs(cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "cogenesis_langchain.models.local.named.open_local_model", lambda _: FakeLocal()
    )
    report = run("index.md", monkeypatch, FakeLocal)["report"]
    assert isinstance(report, dict) and report["rung"] != "local"
    assert b"move my appointment" in cloud.received and b"birthday toast" in cloud.received
    assert not any(word in cloud.received for word in (b"Merriweather", b"Obi", b"Biscuit"))


def test_the_page_of_the_chat_model_runs(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("chat_model.md", monkeypatch, lambda: ScriptedTurns(follow))
    shown = capsys.readouterr().out
    assert "'name': 'find_event'" in shown and "person='Dr Felix Obi' day='14 May'" in shown
    assert b"find_event" in cloud.received and b"letter to my landlord" in cloud.received
    assert b"3 October" not in cloud.received and b"Merriweather" not in cloud.received


def test_the_table_of_what_an_answer_tells_has_every_key(cloud: EgressRecorder) -> None:
    model = ChatCoGenesis(cloud=ChatOpenAI(model="cloud"), local=FakeLocal(), ledger=MemoryLedger())
    told = model.invoke("Write a poem.").response_metadata["cogenesis"]
    table = PAGES["chat_model.md"].partition("### What the answer tells")[2].partition("## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, flags=re.M)
    assert set(re.findall(r"`(\w+)`", " ".join(cells))) == told.keys()


def test_the_rag_guide_runs(cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run("guides/rag.md", monkeypatch, FakeLocal)
    found = " ".join(document.page_content for document in names["result"]["context"])  # type: ignore[index]
    assert "Bartholomew Quist" in found and "Theodora" not in found
    message = names["message"]
    assert message.response_metadata["cogenesis"]["rung"] != "local"  # type: ignore[attr-defined]
    assert b"lower rent" in cloud.received and b"about the heating" in cloud.received
    assert not any(word in cloud.received for word in (b"Quist", b"Quill", b"780"))


def test_the_guide_for_several_users_runs(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("guides/several_users.md", monkeypatch, FakeLocal)
    ana, ben, erased = capsys.readouterr().out.splitlines()
    assert "Pilar" in ana and "Thandeka" not in ana
    assert "Thandeka" in ben and "Pilar" not in ben
    assert erased == "0 records of ben"
    assert len({request.content for request in cloud.requests}) == 1 < len(cloud.requests)


def test_the_guide_to_own_models_runs(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("guides/own_models.md", monkeypatch, FakeLocal)
    assert "gpu.internal" in capsys.readouterr().out
    assert cloud.requests


def test_the_guide_to_fused_decoding_runs(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = "guides/fused_decoding.md"
    monkeypatch.setitem(PAGES, page, PAGES[page].replace("https://vllm.example/v1", cloud.base_url))
    run(page, monkeypatch, ByteLocal)
    assert "requests for" in capsys.readouterr().out and Path("trace.json").exists()
    assert b"14 May" not in cloud.received


def test_the_budget_of_the_page_on_fusion_is_one(cloud: EgressRecorder) -> None:
    names: dict[str, object] = {"cloud": ChatOpenAI(model="cloud"), "local": ByteLocal()}
    for code in blocks("fusion.md"):
        exec(compile(code, "fusion.md", "exec"), names)
    assert isinstance(names["model"], ChatCoGenesis)


def test_the_tests_of_the_guide_to_privacy_tests_pass(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = run("guides/privacy_tests.md", monkeypatch, FakeLocal)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 3
    for test in tests:
        assert callable(test)
        test()


def test_the_guide_to_deployment_runs(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("guides/deployment.md", monkeypatch, FakeLocal)
    assert "no cloud model" not in capsys.readouterr().out
    assert len(cloud.requests) == 2 and Path("egress/ledger.jsonl").exists()


def test_every_page_is_in_the_navigation_and_every_public_name_in_the_reference() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]
    listed = set(re.findall(r"'([^']*\.md)'", repr(site["nav"])))
    written = {page for page in PAGES if not page.startswith(("results/logs", "results/traces"))}
    assert listed == written
    documented = set(re.findall(r"^::: (\S+)", "\n".join(PAGES.values()), flags=re.M))
    public = {name for name in cogenesis_langchain.__all__ if name != "__version__"}
    assert {f"cogenesis_langchain.{name}" for name in public} <= documented
    assert {f"cogenesis_langchain.testing.{name}" for name in testing.__all__} <= documented


def test_the_page_of_the_command_line_has_every_command_and_no_other() -> None:
    def commands(group: object, path: str) -> Iterator[str]:
        if isinstance(group, TyperGroup):
            for name, command in group.commands.items():
                yield from commands(command, f"{path} {name}")
        else:
            yield path

    known = set(commands(typer.main.get_command(app), "cogenesis"))
    named = set(
        re.findall(
            r"cogenesis (?:context |ledger |models |train )?[a-z][a-z-]+", PAGES["command_line.md"]
        )
    )
    assert named == known


def test_broken_links_of_the_built_site_are_found(tmp_path: Path) -> None:
    (tmp_path / "plot.svg").write_text("<svg/>")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "index.html").write_text('<p id="here">')
    good = ["plot.svg", "#top", "folder/", "folder/index.html#here", "https://example.org/gone"]
    bad = ["gone.svg", "#gone", "folder/index.html#gone", "../outside.py"]
    links = "".join(f'<a href="{link}"></a><img src="{link}">' for link in good + bad)
    (tmp_path / "index.html").write_text(f'<h1 id="top">{links}')
    assert set(broken_links(tmp_path)) == {f"index.html: {link}" for link in bad}
