"""The configuration of an experiment, read from a TOML file.

A file names records and settings; everything else has a default. Paths are relative to the
working directory.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cogenesis_langchain.fusion.operators import OPERATORS
from cogenesis_langchain.models.cloud.stand_in import DEFAULT_MODEL
from experiments.errors import ExperimentConfigInvalid

Name = Annotated[str, Field(min_length=1)]
_SHOWN: Final = 5

Aspect = Literal["overall with context", "personalisation", "overall without context"]
"""What a judge rates (section 4.1 of the paper)."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Generation(_Part):
    """How every finished text is generated, whichever model writes it.

    Attributes:
        max_tokens: Most tokens of a text.
        temperature: 0 is greedy.
        top_p: Nucleus share.
    """

    max_tokens: int = Field(default=300, ge=1)
    temperature: float = Field(default=0.7, ge=0)
    top_p: float = Field(default=0.95, gt=0, le=1)


class Endpoint(_Part):
    """A chat model beyond the border.

    Attributes:
        model: Its name there; of the stand-in, a name of the catalog or a path.
        base_url: An OpenAI-compatible address; None starts a stand-in on this machine.
        recorded: A file of recorded answers, which take the place of a model; see
            `experiments.recorded_cloud`.
        api_key_variable: The environment variable that holds the key, if one is needed.
    """

    model: Name = DEFAULT_MODEL
    base_url: str | None = None
    recorded: Path | None = None
    api_key_variable: Name = "OPENAI_API_KEY"


class CloudConfig(Endpoint):
    """The cloud model.

    Attributes:
        trusted_hosts: Hosts besides loopback that may be shown the context: the upper bound and
            the peers show it.
        timeout: Seconds for one question.
        reuse_answers: Answer a request that was answered before, byte by byte the same one, from
            memory; it counts with the time and the tokens it took then.
    """

    trusted_hosts: tuple[str, ...] = ()
    timeout: float = Field(default=300.0, gt=0)
    reuse_answers: bool = True


class SketchModel(Endpoint):
    """Another model that outlines.

    Attributes:
        name: For tables.
    """

    name: Name


class LocalConfig(_Part):
    """The local model.

    Attributes:
        model: Name of the catalog, hub reference or path.
        fine_tuned: The same for a fine-tuned one; needed by the setting of that name.
        n_ctx: Window in tokens.
        threads: Threads to compute with; None leaves the choice to llama.cpp.
    """

    model: Name = "qwen2.5-coder-0.5b-instruct"
    fine_tuned: Name | None = None
    n_ctx: int = Field(default=4096, ge=256)
    threads: int | None = Field(default=None, ge=1)


class LikelihoodConfig(_Part):
    """Reading the reference texts token by token, with both models in this process.

    Attributes:
        tokens: Most tokens of a reference that are read.
        limit: Read for so many records; None for all.
    """

    tokens: int = Field(default=128, ge=1)
    limit: int | None = Field(default=None, ge=1)


class JudgeConfig(Endpoint):
    """The model that rates the texts.

    Attributes:
        aspects: What it rates.
        seeds: One rating each.
        compare: Two settings whose texts it compares in both orders, to measure its position
            bias; None leaves that out.
        trusted_hosts: Hosts besides loopback that may be shown context and texts.
        timeout: Seconds for one question.
    """

    aspects: tuple[Aspect, ...] = Field(default=get_args(Aspect), min_length=1)
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    compare: tuple[Name, Name] | None = None
    trusted_hosts: tuple[str, ...] = ()
    timeout: float = Field(default=300.0, gt=0)


class PriceConfig(_Part):
    """What the cloud model costs, in dollars for a million tokens.

    Attributes:
        input: That it reads.
        output: That it writes.
    """

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class ExperimentConfig(_Part):
    """A whole experiment.

    Attributes:
        records: Files of records, as `load_records` reads them.
        settings: Names of the ways to write that are compared; see `settings.catalog.SETTINGS`.
        operators: The fusion operators that the setting ``fused`` stands for.
        sketch_models: The models that the setting ``other sketches`` stands for.
        seeds: One text each for every record and setting.
        limit: Take the first so many records; None for all.
        limits: The same for single settings, by their name in `settings`; of those that ``fused``
            stands for, by their own, such as ``fused mean``.
        generation: How texts are generated.
        cloud: The cloud model.
        local: The local model.
        presidio_model: The spaCy model of the setting ``Presidio``, by name or path; None leaves
            it with its patterns alone.
        likelihood: Reading the references; absent, it is left out.
        judge: The judge; absent, there is none.
        prices: For the cost; absent, it is left out.
        concurrency: Texts that are written at the same time.
        max_failures: After so many failed texts a run writes no further ones.
        closeness: Whether to measure how close texts are to the user's earlier writing, by the
            embedding model of retrieval (extra ``chroma``).
        show_texts: Whether the report shows the texts of one record, which are private.
    """

    records: tuple[Path, ...] = Field(min_length=1)
    settings: tuple[Name, ...] = Field(min_length=1)
    operators: tuple[Name, ...] = tuple(OPERATORS)
    sketch_models: tuple[SketchModel, ...] = ()
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    limit: int | None = Field(default=None, ge=1)
    limits: dict[str, Annotated[int, Field(ge=1)]] = {}
    generation: Generation = Generation()
    cloud: CloudConfig = CloudConfig()
    local: LocalConfig = LocalConfig()
    presidio_model: str | None = None
    likelihood: LikelihoodConfig | None = None
    judge: JudgeConfig | None = None
    prices: PriceConfig | None = None
    concurrency: int = Field(default=1, ge=1)
    max_failures: int = Field(default=10, ge=1)
    closeness: bool = False
    show_texts: bool = False

    @field_validator("settings", "seeds", "operators")
    @classmethod
    def _no_repetition(cls, values: tuple[object, ...]) -> tuple[object, ...]:
        if len(set(values)) < len(values):
            raise ValueError("names something twice")
        return values

    @field_validator("operators")
    @classmethod
    def _known_operators(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(names) - OPERATORS.keys()):
            raise ValueError(f"unknown: {', '.join(unknown)}; there are {', '.join(OPERATORS)}")
        return names

    @model_validator(mode="after")
    def _limits_of_settings(self) -> Self:
        known = set(self.settings)
        if "fused" in known:
            known |= {f"fused {operator}" for operator in self.operators}
        if unknown := sorted(self.limits.keys() - known):
            raise ValueError(f"limits: no such setting here: {', '.join(unknown)}")
        return self


def load_config(path: Path) -> ExperimentConfig:
    """Read a configuration.

    Raises:
        ExperimentConfigInvalid: The file cannot be read, is no TOML, or a key is missing, unknown
            or has a value of a wrong kind.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExperimentConfigInvalid(
            f"{path} cannot be read: {error.strerror or error}", remedy="check the path"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExperimentConfigInvalid(f"{path} is no TOML: {error}", remedy="correct it") from None
    try:
        return ExperimentConfig.model_validate(data)
    except ValidationError as error:
        problems = [_worded(problem["loc"], problem["msg"]) for problem in error.errors()]
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise ExperimentConfigInvalid(
            f"{path}: {'; '.join(problems[:_SHOWN])}{more}",
            remedy="correct the keys named; experiments/bench_quality.toml is an example",
        ) from None


def _worded(place: tuple[int | str, ...], message: str) -> str:
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    said = message.removeprefix("Value error, ")
    return f"{name.lstrip('.')}: {said}" if name else said
