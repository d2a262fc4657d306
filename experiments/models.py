"""The models of an experiment: opened once for all texts, and identified by their hashes."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from cogenesis_langchain.models.base import LocalTextModel
from cogenesis_langchain.models.cloud.stand_in import StandInCloud
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.files.verification import FileRecord, sha256_of
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.privacy.trust.hosts import is_trusted
from experiments.config import Endpoint, ExperimentConfig, LocalConfig
from experiments.errors import ExperimentConfigInvalid
from experiments.servers.recorded_cloud import LABEL, replayed

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

CLOUD: Final = "cloud"
"""Name of the cloud model among the endpoints of a run."""

_PACKAGES: Final = (
    "cogenesis-langchain",
    "inspect-ai",
    "langchain",
    "langchain-core",
    "langchain-openai",
    "llama-cpp-python",
    "numpy",
    "openai",
    "presidio-analyzer",
    "rouge-score",
    "scipy",
    "xllamacpp",
)
_NO_KEY: Final = "none"  # servers on loopback need none, but the client requires one


@dataclass(frozen=True, slots=True)
class Remote:
    """A chat model on a server: the server's address, the model's name there, and its key."""

    base_url: str
    model: str
    api_key: SecretStr = field(default=SecretStr(_NO_KEY), repr=False)

    def open(self) -> ChatOpenAI:
        """A client with the server's own settings."""
        from langchain_openai import ChatOpenAI

        return ChatOpenAI(base_url=self.base_url, api_key=self.api_key, model=self.model)


@dataclass(frozen=True, slots=True)
class Models:
    """The models that write texts.

    Attributes:
        local: The local model.
        remote: The cloud model under `CLOUD`, and the other sketch models by name.
        fine_tuned: The fine-tuned local model, if there is one.
    """

    local: LocalTextModel
    remote: Mapping[str, Remote]
    fine_tuned: LocalTextModel | None = None


@contextmanager
def open_models(config: ExperimentConfig) -> Iterator[Models]:
    """Open the models of a configuration; stand-ins end with the block.

    Raises:
        ExperimentConfigInvalid: The key of an endpoint is not in the environment.
        ModelFileError: A model file cannot be obtained.
        MissingDependency: An extra is not installed.
    """
    endpoints: dict[str, Endpoint] = {CLOUD: config.cloud}
    endpoints |= {other.name: other for other in config.sketch_models}
    with ExitStack() as stack:
        remote = {
            name: open_remote(endpoint, name, slots=config.concurrency, stack=stack)
            for name, endpoint in endpoints.items()
        }
        tuned = config.local.fine_tuned
        local = open_local(config.local, config.local.model, config.local.adapter)
        yield Models(local, remote, open_local(config.local, tuned) if tuned else None)


def open_local(config: LocalConfig, model: str, adapter: Path | None = None) -> LlamaCppModel:
    """Load a model into this process, with the configured window and threads."""
    window, threads = config.n_ctx, config.threads
    return LlamaCppModel(model, n_ctx=window, n_threads=threads, adapter=adapter)


def open_remote(endpoint: Endpoint, name: str, *, slots: int, stack: ExitStack) -> Remote:
    """Return the address of a chat model, or start a stand-in for it.

    Args:
        endpoint: As configured.
        name: Its name in the run, for errors.
        slots: Number of requests that a stand-in serves at the same time. Unused slots are costly:
            the server spreads the prefixes of a block over them.
        stack: Ends the stand-in.

    Raises:
        ExperimentConfigInvalid: Its key is not in the environment.
        StandInError: The stand-in does not start.
    """
    if endpoint.recorded is not None:
        return Remote(stack.enter_context(replayed(endpoint.recorded)), LABEL)
    if endpoint.base_url is None:
        stand_in = stack.enter_context(StandInCloud(endpoint.model, n_parallel=slots))
        return Remote(stand_in.base_url, stand_in.model)
    key = os.environ.get(endpoint.api_key_variable)
    if not key and not is_trusted(urlsplit(endpoint.base_url).hostname or ""):
        raise ExperimentConfigInvalid(
            f"the key of the endpoint {name!r} is not in the environment",
            remedy=f"set {endpoint.api_key_variable}, or name another api_key_variable",
        )
    return Remote(endpoint.base_url, endpoint.model, SecretStr(key or _NO_KEY))


def hashes_of_models(config: ExperimentConfig) -> dict[str, str]:
    """Map the use of each model to its name and SHA-256, fetching files that are missing.

    A model that runs elsewhere has its name alone.
    """
    endpoints: dict[str, Endpoint] = {"cloud": config.cloud}
    endpoints |= {f"sketch model {other.name}": other for other in config.sketch_models}
    if config.judge is not None:
        endpoints["judge"] = config.judge
    models = {"local": hash_of_local(config.local)}
    if config.local.fine_tuned:
        models["local fine-tuned"] = _with_hash(config.local.fine_tuned)
    return models | {use: hash_of_endpoint(endpoint) for use, endpoint in endpoints.items()}


def hash_of_local(local: LocalConfig) -> str:
    """Return the name and SHA-256 of a local model and of its adapter; see `hashes_of_models`."""
    model = _with_hash(local.model)
    return f"{model}, adapter {sha256_of(local.adapter)}" if local.adapter else model


def hash_of_endpoint(endpoint: Endpoint) -> str:
    """Return what is known of an endpoint's model; see `hashes_of_models`."""
    if endpoint.recorded is not None:
        return f"{LABEL} {sha256_of(endpoint.recorded)}"
    return endpoint.model if endpoint.base_url else _with_hash(endpoint.model)


@cache
def machine() -> dict[str, str]:
    """Describe this machine and the versions of the packages that compute."""
    found = {one.name.lower().replace("_", "-"): one.version for one in distributions()}
    versions = [f"{name} {found[name]}" for name in _PACKAGES if name in found]
    return {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": ", ".join([f"Python {platform.python_version()}", *versions]),
    }


def _with_hash(name: str) -> str:
    """Append the hash that was verified when the file was fetched; a path's hash is computed."""
    path = catalog.fetch(name)
    record = FileRecord.read(path)
    return f"{name} {record.sha256 if record else sha256_of(path)}"
