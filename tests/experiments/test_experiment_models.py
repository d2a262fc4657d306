from __future__ import annotations

from contextlib import ExitStack

import pytest

from experiments.config import Endpoint
from experiments.errors import ExperimentConfigInvalid
from experiments.models import open_remote

HOSTED = Endpoint(model="m", base_url="https://cloud.test/v1", api_key_variable="MY_KEY")


def test_the_key_comes_from_the_environment_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret")
    with ExitStack() as stack:
        remote = open_remote(HOSTED, "cloud", slots=1, stack=stack)
    assert remote.api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in repr(remote)


def test_a_key_that_is_not_there_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    with ExitStack() as stack, pytest.raises(ExperimentConfigInvalid) as caught:
        open_remote(HOSTED, "cloud", slots=1, stack=stack)
    assert "MY_KEY" in caught.value.remedy


def test_servers_on_this_machine_need_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    here = HOSTED.model_copy(update={"base_url": "http://127.0.0.1:8080/v1"})
    with ExitStack() as stack:
        assert open_remote(here, "cloud", slots=1, stack=stack).base_url == here.base_url
