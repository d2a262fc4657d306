"""Settings of a training run."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class WriterSettings(BaseModel):
    """How the writer adapter is trained.

    Attributes:
        rank: Rank of the adapter's matrices.
        layers: Number of upper layers that get an adapter; None for all. The layers below need
            no gradients, which saves up to half of the backward pass.
        learning_rate: Highest learning rate; it falls to zero along a cosine.
        batch: Samples a step.
        epochs: Times that each record is used, each time with another template.
        max_tokens: Longer samples are left out.
        steps_between_checks: Steps between two validations, each of which saves a checkpoint.
        patience: Validations without a better loss after which training ends.
        whole_texts: Share of the samples that are whole texts, from the notes alone or with an
            outline too; the others complete templates.
        validation: Every n-th record is kept for validation.
        seed: Order of the records, templates, and the adapter's first weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: Annotated[int, Field(ge=1)] = 16
    layers: Annotated[int, Field(ge=1)] | None = None
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    batch: Annotated[int, Field(ge=1)] = 8
    epochs: Annotated[int, Field(ge=1)] = 2
    max_tokens: Annotated[int, Field(ge=64)] = 4096
    steps_between_checks: Annotated[int, Field(ge=1)] = 10
    patience: Annotated[int, Field(ge=1)] = 3
    whole_texts: Annotated[float, Field(ge=0, le=1)] = 0.25
    validation: Annotated[int, Field(ge=2)] = 20
    seed: int = 1
