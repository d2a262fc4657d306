"""The models of an evaluation, opened once for all its texts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr

from cogenesis_langchain.errors import EvaluationConfigInvalid
from experiments.config import Endpoint, EvaluationConfig
from experiments.settings.setting import CLOUD
from cogenesis_langchain.models.base import LocalTextModel
from cogenesis_langchain.models.cloud.chat.stand_in import StandInCloud
from cogenesis_langchain.privacy.hosts import is_trusted

_NO_KEY = "none"  # servers on loopback ask for none, the client insists on one


@dataclass(frozen=True, slots=True)
class Remote:
    """A chat model behind an address.

    Attributes:
        base_url: The address.
        model: Its name there.
        api_key: Its key.
    """

    base_url: str
    model: str
    api_key: SecretStr = field(default=SecretStr(_NO_KEY), repr=False)


@dataclass(frozen=True, slots=True)
class Models:
    """What writes.

    Attributes:
        local: The local model.
        remote: The cloud model under `CLOUD`, and the sketchers by name.
        fine_tuned: The fine-tuned local model, if there is one.
    """

    local: LocalTextModel
    remote: Mapping[str, Remote]
    fine_tuned: LocalTextModel | None = None


@contextmanager
def open_models(config: EvaluationConfig) -> Iterator[Models]:
    """Open the models of a configuration; stand-ins end with the block.

    Raises:
        EvaluationConfigInvalid: The key of an endpoint is not in the environment.
        ModelFileError: A model file cannot be had.
        MissingDependency: An extra is not installed.
    """
    from cogenesis_langchain.models.local.langchain.llama_cpp import LlamaCppModel

    local = config.local
    endpoints: dict[str, Endpoint] = {CLOUD: config.cloud}
    endpoints |= {sketcher.name: sketcher for sketcher in config.sketchers}
    with ExitStack() as stack:
        remote = {
            name: open_remote(endpoint, name, slots=config.concurrency, stack=stack)
            for name, endpoint in endpoints.items()
        }
        opened = [
            LlamaCppModel(model, n_ctx=local.n_ctx, n_threads=local.threads) if model else None
            for model in (local.model, local.fine_tuned)
        ]
        assert opened[0] is not None
        yield Models(opened[0], remote, opened[1])


def open_remote(endpoint: Endpoint, name: str, *, slots: int, stack: ExitStack) -> Remote:
    """Find a chat model's address, or start a stand-in for it.

    Args:
        endpoint: As configured.
        name: What it is in the run, for errors.
        slots: How many requests a stand-in serves at the same time. More than are needed cost
            much: the prefixes of a block that is to be scored are spread over them.
        stack: Ends a stand-in.

    Raises:
        EvaluationConfigInvalid: Its key is not in the environment.
        StandInError: The stand-in does not start.
    """
    if endpoint.base_url is None:
        stand_in = stack.enter_context(StandInCloud(endpoint.model, n_parallel=slots))
        return Remote(stand_in.base_url, stand_in.model)
    return Remote(endpoint.base_url, endpoint.model, _key(endpoint, name))


def _key(endpoint: Endpoint, name: str) -> SecretStr:
    if key := os.environ.get(endpoint.api_key_variable):
        return SecretStr(key)
    if is_trusted(urlsplit(endpoint.base_url or "").hostname or ""):
        return SecretStr(_NO_KEY)
    raise EvaluationConfigInvalid(
        f"the key of the endpoint {name!r} is not in the environment",
        remedy=f"set {endpoint.api_key_variable}, or name another api_key_variable",
    )
