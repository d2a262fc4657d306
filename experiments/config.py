"""The configuration of an experiment, a TOML file.

Only ``records`` and ``settings`` are required. Paths are relative to the working directory.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cogenesis_langchain.datasets.problems import described
from cogenesis_langchain.fusion.operators import OPERATORS
from cogenesis_langchain.models.cloud.stand_in import STAND_IN_MODEL
from cogenesis_langchain.privacy.views.limits import Bounded, Budget
from experiments.errors import ExperimentConfigInvalid

Name = Annotated[str, Field(min_length=1)]

Aspect = Literal["overall with context", "personalisation", "overall without context"]
"""Aspects of a text that the judge rates (section 4.1 of the paper)."""


class Section(BaseModel):
    """A table of a configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Config = TypeVar("Config", bound=Section)


class Generation(Section):
    """How each text is generated, by whichever model; a temperature of 0 is greedy."""

    max_tokens: int = Field(default=300, ge=1)
    temperature: float = Field(default=0.7, ge=0)
    top_p: float = Field(default=0.95, gt=0, le=1)


class Endpoint(Section):
    """An OpenAI-compatible chat model.

    Attributes:
        model: Its name on the server; for a stand-in, a name of the catalog or a path.
        base_url: Its address; None starts a stand-in on this machine.
        recorded: A file of recorded answers, which replace a model; see
            `experiments.servers.recorded_cloud`.
        api_key_variable: Name of the environment variable with the API key.
    """

    model: Name = STAND_IN_MODEL
    base_url: str | None = None
    recorded: Path | None = None
    api_key_variable: Name = "OPENAI_API_KEY"

    @model_validator(mode="after")
    def _require_one_source(self) -> Self:
        if self.recorded is not None and self.base_url is not None:
            raise ValueError("recorded answers replace a server: leave out recorded or base_url")
        return self

    @property
    def is_stand_in(self) -> bool:
        """Whether a model on this machine stands in for it."""
        return self.base_url is None and self.recorded is None


class CloudConfig(Endpoint):
    """The cloud model.

    Attributes:
        trusted_hosts: Hosts besides loopback that may see the context. Settings that send it, such
            as "cloud with context", need this.
        timeout: Seconds for one request.
        reuse_answers: Answer a repeated identical request from memory. Its time and tokens count as
            if it had been sent.
    """

    trusted_hosts: tuple[str, ...] = ()
    timeout: float = Field(default=300.0, gt=0)
    reuse_answers: bool = True


class SketchModel(Endpoint):
    """Another cloud model that writes the sketch; ``name`` stands in the tables."""

    name: Name


class LocalConfig(Section):
    """The local model.

    Attributes:
        model: Name in the catalog, hub reference or path.
        adapter: GGUF file of a low-rank adapter for it; None for the model as it is.
        fine_tuned: Another model, named in the same way, for the setting "local fine-tuned".
        n_ctx: Context window in tokens.
        threads: None is the number of physical cores.
    """

    model: Name = "qwen2.5-coder-0.5b-instruct"
    adapter: Path | None = None
    fine_tuned: Name | None = None
    n_ctx: int = Field(default=8192, ge=256)
    threads: int | None = Field(default=None, ge=1)


class BudgetConfig(Section):
    """A disclosure of fused decoding with limits in nats; see `Budget`."""

    word: float = Field(gt=0)
    text: float | None = Field(default=None, gt=0)

    def disclosure(self) -> Budget:
        """Return it as `ChatCoGenesis` takes it."""
        return Budget(self.word, self.text)

    def __str__(self) -> str:
        limits = [f"{self.word:g} a word", *([f"{self.text:g} a text"] if self.text else [])]
        return f"budget of {', '.join(limits)}"


class BoundConfig(Section):
    """A disclosure of fused decoding with a formal bound; see `Bounded`."""

    epsilon: float = Field(gt=0)
    delta: float = Field(default=1e-6, gt=0, lt=1)

    def disclosure(self) -> Bounded:
        """Return it as `ChatCoGenesis` takes it."""
        return Bounded(self.epsilon, self.delta)

    def __str__(self) -> str:
        return f"epsilon {self.epsilon:g}, delta {self.delta:g}"


Seen: TypeAlias = Literal["open", "masked"] | BudgetConfig | BoundConfig


class LikelihoodConfig(Section):
    """The likelihood of the references, with both models in this process.

    Attributes:
        tokens: Maximum number of tokens of a reference.
        limit: Only the first records; None for all.
    """

    tokens: int = Field(default=128, ge=1)
    limit: int | None = Field(default=None, ge=1)


class JudgeConfig(Endpoint):
    """The model that rates the texts.

    Attributes:
        aspects: What it rates.
        seeds: One rating for each.
        compare: Two settings whose texts it compares in both orders, to measure its position bias.
        trusted_hosts: Hosts besides loopback that may see the context and the texts.
        timeout: Seconds for one request.
    """

    aspects: tuple[Aspect, ...] = Field(default=get_args(Aspect), min_length=1)
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    compare: tuple[Name, Name] | None = None
    trusted_hosts: tuple[str, ...] = ()
    timeout: float = Field(default=300.0, gt=0)


class PriceConfig(Section):
    """Prices of the cloud model, in dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class ExperimentConfig(Section):
    """A whole experiment.

    Attributes:
        records: Files of records; see `load_records`.
        settings: What is compared; see `settings.catalog.SETTINGS`.
        operators: The setting "fused" stands for one setting for each of these.
        disclosures: The same for each of these. All but ``open``, the paper's, are added to the
            setting's name.
        sketch_models: The setting "other sketches" stands for one setting for each of these.
        seeds: One text for each record, setting and seed.
        limit: Only the first records; None for all.
        limits: The same for single settings, or for one of the fused (``fused mean``).
        generation: How texts are generated.
        cloud: The cloud model.
        local: The local model.
        presidio_model: The spaCy model of the setting "Presidio", by name or path; None uses only
            the patterns of Presidio.
        likelihood: None leaves out the likelihood of the references.
        judge: None leaves out the ratings.
        prices: None leaves out the cost.
        concurrency: Number of texts that are written at the same time.
        max_failures: A run stops after this number of failed texts.
        closeness: Whether to compare texts with the user's earlier texts by embeddings (extra
            ``chroma``).
        show_texts: Whether the report shows the texts of one record, which are private.
    """

    records: tuple[Path, ...] = Field(min_length=1)
    settings: tuple[Name, ...] = Field(min_length=1)
    operators: tuple[Name, ...] = tuple(OPERATORS)
    disclosures: tuple[Seen, ...] = ("open",)
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

    @field_validator("settings", "seeds", "operators", "disclosures")
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
    def _likelihood_has_no_disclosure(self) -> Self:
        if self.likelihood and "fused" in self.settings and "open" not in self.disclosures:
            raise ValueError("likelihood: it belongs to the fused settings with 'open' disclosure")
        return self

    @model_validator(mode="after")
    def _limits_of_settings(self) -> Self:
        known = set(self.settings)
        if "fused" in known:
            known |= {name for name, _, _ in self.fused()}
        if unknown := sorted(self.limits.keys() - known):
            raise ValueError(f"limits: no such setting here: {', '.join(unknown)}")
        return self

    def fused(self) -> Iterator[tuple[str, str, Seen]]:
        """Yield name, operator and disclosure of each fused setting."""
        for operator in self.operators:
            for disclosure in self.disclosures:
                seen = "" if disclosure == "open" else f", {disclosure}"
                yield f"fused {operator}{seen}", operator, disclosure


def load_config(path: Path) -> ExperimentConfig:
    """Read a configuration.

    Raises:
        ExperimentConfigInvalid: See `load_as`.
    """
    return load_as(ExperimentConfig, path, example="experiments/configs/bench_quality.toml")


def load_as(kind: type[Config], path: Path, *, example: str) -> Config:
    """Read a configuration of some kind from TOML.

    Args:
        kind: What to read.
        path: The file.
        example: A file of that kind, for errors.

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
        return kind.model_validate(data)
    except ValidationError as error:
        raise ExperimentConfigInvalid(
            f"{path}: {described(error, private=False)}",
            remedy=f"correct the keys named; {example} is an example",
        ) from None
