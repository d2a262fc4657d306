from __future__ import annotations

import os
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from langchain_openai import ChatOpenAI
from support.small_heap import leave_out_what_is_kept

from cogenesis_langchain.models.cloud.stand_in import StandInCloud
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.models.local.llama_cpp_file import usable_cores
from cogenesis_langchain.testing import EgressRecorder, behaviours

SMALLEST = "smollm2-135m-instruct"
SMALL = "qwen2.5-coder-0.5b-instruct"
DEFAULT = "qwen2.5-coder-1.5b-instruct"

settings.register_profile("quick", max_examples=10)  # for `make fast`; the default is 100
settings.register_profile("thorough", max_examples=10_000)  # see `support.thorough`


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C reach the processes that tests start, and give each worker a core of its own.

    A runner in the background of a shell ignores SIGINT, and its children inherit that. Models of
    two workers on the same cores would wait for each other most of the time.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if config.getoption("markexpr") == "real" and worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


def pytest_collection_finish() -> None:
    """Leave what was imported out of the search for fallbacks."""
    leave_out_what_is_kept()


@pytest.fixture(scope="session", autouse=True)
def _no_certificate_authorities() -> Iterator[None]:
    """HTTP clients trust no authority: no test uses https, and each client would read them all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "httpcore2.default_ssl_context",
            lambda *, _trust_env=True: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        yield


@pytest.fixture(autouse=True)
def _own_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default ledger of a test is its own; model files stay where they are."""
    monkeypatch.setattr(
        "cogenesis_langchain.chat_model.default_ledger_path",
        lambda: tmp_path / "ledger" / "egress.jsonl",
    )


@pytest.fixture(scope="session")
def stand_in() -> Iterator[ChatOpenAI]:
    """A cloud model for tests: a real llama-server on loopback, with a small model."""
    with StandInCloud(SMALL, threads=usable_cores()) as cloud:
        yield ChatOpenAI(
            base_url=cloud.base_url,
            api_key="none",
            model=cloud.model,
            temperature=0,
            max_completion_tokens=400,
        )


@pytest.fixture
def cloud_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[EgressRecorder]:
    """A server on loopback that answers with a template, where ``open_cloud`` looks for one."""
    with EgressRecorder(behaviours.chat()) as cloud:
        monkeypatch.setenv("OPENAI_BASE_URL", cloud.base_url)
        monkeypatch.setenv("OPENAI_MODEL", "templates")
        yield cloud


@pytest.fixture(scope="session")
def local_model() -> LlamaCppModel:
    """A local model that writes sentences and is quicker than the default one."""
    return LlamaCppModel(SMALL, n_ctx=2048)


@pytest.fixture
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples and README name the default local model; here a quicker one takes its place."""
    fetch = catalog.fetch
    monkeypatch.setattr(
        catalog, "fetch", lambda name, **how: fetch(SMALL if name == DEFAULT else name, **how)
    )


@pytest.fixture(scope="session")
def tiny_local_model() -> LlamaCppModel:
    """The smallest real model: quick, and good enough where the text does not matter."""
    return LlamaCppModel(SMALLEST, n_ctx=1024)
