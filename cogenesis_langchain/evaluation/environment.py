"""What a run's figures depend on besides its configuration."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from cogenesis_langchain.errors import ResultsUnusable
from cogenesis_langchain.evaluation.config import Endpoint, EvaluationConfig
from cogenesis_langchain.evaluation.setting import Role, Setting, Shown
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.files.verification import FileRecord, sha256_of
from cogenesis_langchain.version import __version__

_PACKAGES: Final = (
    "langchain",
    "langchain-core",
    "langchain-openai",
    "llama-cpp-python",
    "numpy",
    "openai",
    "presidio-analyzer",
    "rouge-score",
    "xllamacpp",
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelInUse(_Part):
    """A model of the run.

    Attributes:
        name: As configured.
        sha256: Of its file; empty where it runs elsewhere.
    """

    name: str
    sha256: str


class SettingInUse(_Part):
    """A setting of the run, in the order of the report.

    Attributes:
        name: Its name.
        role: What it is compared as.
        shows: What the cloud model is shown.
    """

    name: str
    role: Role
    shows: Shown


class Environment(_Part):
    """What a run's figures depend on.

    Attributes:
        project: Version of this project.
        python: Version of Python.
        system: Operating system and machine.
        cpu_count: Cores.
        packages: Versions of the packages that compute; those installed.
        models: The models by what they are used for.
        records: Files of records to their SHA-256.
        record_ids: The records taken, in order.
        seeds: Of the texts.
        settings: The settings, in order.
    """

    project: str
    python: str
    system: str
    cpu_count: int
    packages: Mapping[str, str]
    models: Mapping[str, ModelInUse]
    records: Mapping[str, str]
    record_ids: tuple[str, ...]
    seeds: tuple[int, ...]
    settings: tuple[SettingInUse, ...]

    @property
    def models_and_records(self) -> dict[str, object]:
        """What must be the same when a run goes on."""
        return self.model_dump(include={"models", "records"})

    @classmethod
    def of(
        cls, config: EvaluationConfig, settings: Iterable[Setting], record_ids: Iterable[str]
    ) -> Self:
        """Look at this machine.

        Args:
            config: The evaluation.
            settings: Its settings, in order.
            record_ids: Its records, in order.
        """
        return cls(
            project=__version__,
            python=platform.python_version(),
            system=f"{platform.system()} {platform.machine()}",
            cpu_count=os.cpu_count() or 1,
            packages={name: found for name in _PACKAGES if (found := _version(name))},
            models=_models(config),
            records={str(path): _sha256(path) for path in config.records},
            record_ids=tuple(record_ids),
            seeds=config.seeds,
            settings=tuple(
                SettingInUse(name=one.name, role=one.role, shows=one.shows) for one in settings
            ),
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what an earlier start of a run wrote.

        Raises:
            ResultsUnusable: The file cannot be read.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ResultsUnusable(
                f"{path} cannot be read ({type(error).__name__})",
                remedy="give the folder of a run, as `cogenesis evaluate` makes it",
            ) from None


def _models(config: EvaluationConfig) -> dict[str, ModelInUse]:
    here = {"local": config.local.model}
    if config.local.fine_tuned:
        here["local fine-tuned"] = config.local.fine_tuned
    endpoints: dict[str, Endpoint] = {"cloud": config.cloud}
    endpoints |= {f"sketcher {s.name}": s for s in config.sketchers}
    if config.judge is not None:
        endpoints["judge"] = config.judge
    models = {use: ModelInUse(name=name, sha256=_model_hash(name)) for use, name in here.items()}
    for use, endpoint in endpoints.items():
        digest = "" if endpoint.base_url else _model_hash(endpoint.model)
        models[use] = ModelInUse(name=endpoint.model, sha256=digest)
    return models


def _model_hash(name: str) -> str:
    """The hash that was verified when the file was fetched; that of a path is computed."""
    path = catalog.fetch(name)
    record = FileRecord.read(path)
    return record.sha256 if record else sha256_of(path)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
