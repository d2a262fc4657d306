from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest
from langchain_openai import ChatOpenAI

from cogenesis_langchain.errors import PortTaken, StandInError
from cogenesis_langchain.models.cloud.stand_in import StandInCloud
from cogenesis_langchain.models.cloud.stand_in_server import Settings
from cogenesis_langchain.models.files import catalog

pytestmark = pytest.mark.real

MODEL = "smollm2-135m-instruct"
HOLDER = f"""
from cogenesis_langchain.models.cloud.stand_in import StandInCloud
cloud = StandInCloud({MODEL!r}).start()
print(cloud.base_url, flush=True)
input()
"""
COMMAND = "from cogenesis_langchain.cli import main; main()"


@pytest.fixture(scope="module")
def cloud() -> Iterator[StandInCloud]:
    with StandInCloud(MODEL, n_parallel=2, n_ctx=512) as cloud:
        yield cloud


@pytest.fixture
def client(cloud: StandInCloud) -> Iterator[httpx.Client]:
    server = cloud.base_url.removesuffix("/v1")
    with httpx.Client(base_url=server, trust_env=False, timeout=60) as client:
        yield client


def listens(base_url: str) -> bool:
    url = httpx.URL(base_url)
    with socket.socket() as client:
        return client.connect_ex((url.host, url.port or 80)) == 0


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def has_ended(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds children there")


def start_process(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start a process in a group of its own, as a terminal does; return it and its first line."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_chat_over_http(cloud: StandInCloud) -> None:
    model = ChatOpenAI(base_url=cloud.base_url, model=cloud.model, api_key="none", temperature=0)
    answer = model.invoke("Say hello.")
    assert answer.text
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] > 0


def test_it_lists_the_model_by_name(client: httpx.Client) -> None:
    models = client.get("/v1/models").json()
    assert [model["id"] for model in models["data"]] == [MODEL]


def test_completion_of_several_prompts_at_once(client: httpx.Client) -> None:
    request = {"prompt": ["One two three", [1, 2, 3]], "n_predict": 1, "n_probs": 5}
    answers = client.post("/completion", json=request).json()
    assert [len(one["completion_probabilities"][0]["top_logprobs"]) for one in answers] == [5, 5]


def test_each_request_has_the_whole_window(client: httpx.Client) -> None:
    fits = {"prompt": " a" * 400, "n_predict": 1}
    assert client.post("/completion", json=fits).status_code == 200
    too_long = {"prompt": " a" * 600, "n_predict": 1}
    assert client.post("/completion", json=too_long).status_code == 400


def test_no_client_sees_the_prompts_of_another(client: httpx.Client) -> None:
    assert client.get("/slots").status_code == 501


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with StandInCloud(MODEL) as cloud:
        assert listens(cloud.base_url)


def test_close_ends_the_server_and_start_brings_it_back() -> None:
    cloud = StandInCloud(MODEL)
    with cloud:
        first = cloud.base_url
        assert cloud.start().base_url == first
    assert not listens(first)
    with cloud:
        assert listens(cloud.base_url)


def test_port_of_another_program_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)) as caught:
            StandInCloud(MODEL, port=port).start()
    assert "another port" in caught.value.remedy
    with StandInCloud(MODEL, port=port) as cloud:
        assert cloud.base_url == f"http://127.0.0.1:{port}/v1"


def test_truncated_model_file(tmp_path: Path) -> None:
    truncated = tmp_path / "truncated.gguf"
    truncated.write_bytes(catalog.fetch(MODEL).read_bytes()[: 50 << 20])
    with pytest.raises(StandInError, match="loading truncated"):
        StandInCloud(str(truncated)).start()


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_server_ends_with_its_parent(way: signal.Signals) -> None:
    process, base_url = start_process("-c", HOLDER)
    assert listens(base_url)
    process.send_signal(way)
    process.communicate()
    wait_until(lambda: not listens(base_url))


def test_server_whose_parent_is_lost_while_it_loads_ends() -> None:
    settings = Settings(str(catalog.fetch(MODEL)), MODEL, "127.0.0.1", 0, 1, 512, None)
    command = [sys.executable, "-m", Settings.__module__, json.dumps(asdict(settings))]
    servers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)
    ]
    for server in servers:
        assert server.stdin and server.stdout
        server.stdin.close()
        server.stdout.close()
    assert [server.wait(timeout=30) for server in servers] == [0, 0, 0, 0]


@needs_proc
def test_server_that_is_killed_is_reported() -> None:
    process, base_url = start_process("-c", COMMAND, "stand-in", "--model", MODEL)
    [server] = children_of(process.pid)
    os.kill(server, signal.SIGKILL)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "ended by itself" in complaint
    assert not listens(base_url)


def test_ctrl_c_ends_the_command_and_leaves_no_server() -> None:
    process, base_url = start_process("-c", COMMAND, "stand-in", "--model", MODEL)
    assert base_url.startswith("http://127.0.0.1:")
    os.killpg(process.pid, signal.SIGINT)  # what a terminal sends
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in complaint
    wait_until(lambda: not listens(base_url))


@needs_proc
def test_ctrl_c_while_the_server_starts_leaves_no_server() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: children_of(process.pid) != [] or process.poll() is not None)
    [server] = children_of(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode != 0
    wait_until(lambda: has_ended(server))
