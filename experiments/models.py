"""The models of an experiment: opened once for all its texts, and identified by their hashes."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from cogenesis_langchain.models.base import LocalTextModel
from cogenesis_langchain.models.cloud.stand_in import StandInCloud
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.files.verification import FileRecord, sha256_of
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.privacy.hosts import is_trusted
from cogenesis_langchain.version import __version__
from experiments.config import Endpoint, ExperimentConfig
from experiments.errors import ExperimentConfigInvalid
from experiments.recorded_cloud import LABEL, replayed

CLOUD: Final = "cloud"
"""Name of the cloud model among the endpoints of a run."""

_PACKAGES: Final = (
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
        ModelFileError: A model file cannot be had.
        MissingDependency: An extra is not installed.
    """
    endpoints: dict[str, Endpoint] = {CLOUD: config.cloud}
    endpoints |= {other.name: other for other in config.sketch_models}
    with ExitStack() as stack:
        remote = {
            name: open_remote(endpoint, name, slots=config.concurrency, stack=stack)
            for name, endpoint in endpoints.items()
        }
        fine_tuned = config.local.fine_tuned
        yield Models(
            open_local(config, config.local.model),
            remote,
            open_local(config, fine_tuned) if fine_tuned else None,
        )


def open_local(config: ExperimentConfig, model: str) -> LlamaCppModel:
    """Load a model into this process, with the configured window and threads."""
    return LlamaCppModel(model, n_ctx=config.local.n_ctx, n_threads=config.local.threads)


def open_remote(endpoint: Endpoint, name: str, *, slots: int, stack: ExitStack) -> Remote:
    """Find a chat model's address, or start a stand-in for it.

    Args:
        endpoint: As configured.
        name: Its name in the run, for errors.
        slots: How many requests a stand-in serves at the same time. More than needed are costly:
            the prefixes of a block that is to be scored are spread over them.
        stack: Ends a stand-in.

    Raises:
        ExperimentConfigInvalid: Its key is not in the environment, or its recorded answers cannot
            be read.
        StandInError: The stand-in does not start.
    """
    if endpoint.recorded is not None:
        return Remote(stack.enter_context(replayed(endpoint.recorded)), LABEL)
    if endpoint.base_url is None:
        stand_in = stack.enter_context(StandInCloud(endpoint.model, n_parallel=slots))
        return Remote(stand_in.base_url, stand_in.model)
    return Remote(endpoint.base_url, endpoint.model, _key(endpoint, name))


def hashes_of_models(config: ExperimentConfig) -> dict[str, str]:
    """Identify every model of a configuration, fetching files that are not here yet.

    Returns:
        What a model is used for, to its name and the SHA-256 of its file; the name alone for a
        model that runs elsewhere.
    """
    endpoints: dict[str, Endpoint] = {"cloud": config.cloud}
    endpoints |= {f"sketch model {other.name}": other for other in config.sketch_models}
    if config.judge is not None:
        endpoints["judge"] = config.judge
    models = {"local": _with_hash(config.local.model)}
    if config.local.fine_tuned:
        models["local fine-tuned"] = _with_hash(config.local.fine_tuned)
    for use, endpoint in endpoints.items():
        models[use] = _identity(endpoint)
    return models


def machine() -> dict[str, str]:
    """Describe this machine and the versions of the packages that compute."""
    packages = {name: _version(name) for name in _PACKAGES}
    versions = ", ".join(f"{name} {found}" for name, found in packages.items() if found)
    return {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": f"cogenesis-langchain {__version__}, Python {platform.python_version()}, "
        f"{versions}",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _identity(endpoint: Endpoint) -> str:
    if endpoint.recorded is not None:
        return f"{LABEL} {sha256_of(endpoint.recorded)}"
    return endpoint.model if endpoint.base_url else _with_hash(endpoint.model)


def _with_hash(name: str) -> str:
    """The hash that was verified when the file was fetched; that of a path is computed."""
    path = catalog.fetch(name)
    record = FileRecord.read(path)
    return f"{name} {record.sha256 if record else sha256_of(path)}"


def _key(endpoint: Endpoint, name: str) -> SecretStr:
    if key := os.environ.get(endpoint.api_key_variable):
        return SecretStr(key)
    if is_trusted(urlsplit(endpoint.base_url or "").hostname or ""):
        return SecretStr(_NO_KEY)
    raise ExperimentConfigInvalid(
        f"the key of the endpoint {name!r} is not in the environment",
        remedy=f"set {endpoint.api_key_variable}, or name another api_key_variable",
    )
