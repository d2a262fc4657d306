"""Trains the weight of the mixture on readings of references (CoGenesis, section 3.3, appendix B).

The loss is the negative log-likelihood of the reference under ``w p_s + (1 - w) p_l``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import TrainingError, require_package
from cogenesis_langchain.fusion.learned_weight import Features, LearnedWeight
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.training.readings import Reading, read_all
from cogenesis_langchain.training.run_folder import RunFolder, hash_of

if TYPE_CHECKING:
    import torch

WEIGHT: Final = "learned_weight.safetensors"
_HIDDEN: Final[dict[Features, tuple[int, ...]]] = {"top": (512, 16), "summary": (16,)}
"""Sizes of the hidden layers; those of ``top`` are the paper's."""
_LEARNING_RATE: Final = 2e-3
_BATCH: Final = 2  # records
_MOST_EPOCHS: Final = 60
_PATIENCE: Final = 6  # epochs without a better validation
_TINY: Final = 1e-30


@dataclass(frozen=True, slots=True)
class Combiner:
    """A trained weight, and the validation likelihoods of it and of what it competes with.

    Attributes:
        weight: The network.
        nats: Negative log-likelihood in nats a token by name: ``learned``, ``mean``, ``local``,
            ``cloud``, and ``oracle``, the likelier of both sides at each token.
    """

    weight: LearnedWeight
    nats: dict[str, float]


def train_combiner(
    records: Sequence[Record],
    local: str,
    cloud: str,
    out: Path,
    *,
    features: Features,
    tokens: int = 128,
    validation: int = 5,
    progress: Callable[[int], None] = lambda done: None,
) -> Combiner:
    """Read references with two models and train a weight; readings are not made twice.

    Args:
        records: Records with references.
        local: The local model: catalog name, hub reference or path.
        cloud: A model with the same tokens in the place of the cloud model.
        out: Folder of the run, where the weight is written to `WEIGHT`.
        features: What the network reads.
        tokens: Most tokens of a reference.
        validation: Every n-th record is kept for validation.
        progress: Called with the number of records that are read.

    Raises:
        MissingDependency: The extra ``training`` or ``llama-cpp`` is not installed.
        TrainingError: There are too few records, the folder holds another run, or the models have
            different tokens.
        ModelFileError: A model cannot be obtained.
    """
    require_package("torch", extra="training")
    _check_sizes(len(records) - len(records[::validation]), len(records[::validation]))
    folder = RunFolder(out)
    folder.claim({"records": hash_of(records), "local": local, "cloud": cloud, "tokens": tokens})
    models = [LlamaCppModel(name).tokens() for name in (local, cloud)]
    read = read_all(records, models[0], models[1], out / "readings", tokens, progress)
    used = [one for number, one in enumerate(read) if number % validation]
    made = fit_weight(used, read[::validation], features)
    made.weight.save(out / WEIGHT)
    return made


def fit_weight(
    training: Sequence[Reading], validation: Sequence[Reading], features: Features, seed: int = 1
) -> Combiner:
    """Train a weight.

    Args:
        training: Readings to train on.
        validation: Readings that say when to stop.
        features: What the network reads.
        seed: First weights and order of the readings.

    Raises:
        TrainingError: There are too few readings.
    """
    import torch

    _check_sizes(len(training), len(validation))
    torch.manual_seed(seed)
    network = _network(training[0], features)
    optimiser = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    best, best_epoch, kept = math.inf, 0, deepcopy(network.state_dict())
    for epoch in range(1, _MOST_EPOCHS + 1):
        order = torch.randperm(len(training)).tolist()
        for start in range(0, len(order), _BATCH):
            batch = [training[number] for number in order[start : start + _BATCH]]
            optimiser.zero_grad()
            _loss(network, batch, features).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            reached = float(_loss(network, validation, features))
        if reached < best:
            best, best_epoch, kept = reached, epoch, deepcopy(network.state_dict())
        elif epoch - best_epoch >= _PATIENCE:
            break
    network.load_state_dict(kept)
    return Combiner(_as_weight(network, features), _rivals(validation) | {"learned": best})


def _check_sizes(training: int, validation: int) -> None:
    if training < _BATCH or not validation:
        raise TrainingError(
            f"{training} texts for training and {validation} for validation are too few",
            remedy=f"give at least {_BATCH} and 1",
        )


def _network(reading: Reading, features: Features) -> torch.nn.Sequential:
    import torch

    sizes = (_inputs(reading, features).shape[1], *_HIDDEN[features], 1)
    layers: list[torch.nn.Module] = []
    for number, (before, after) in enumerate(pairwise(sizes)):
        layers += [torch.nn.ReLU()] * bool(number)
        layers.append(torch.nn.Linear(before, after))
    return torch.nn.Sequential(*layers)


def _inputs(reading: Reading, features: Features) -> torch.Tensor:
    import torch

    return torch.from_numpy(reading.top if features == "top" else reading.summary)


def _loss(
    network: torch.nn.Sequential, readings: Sequence[Reading], features: Features
) -> torch.Tensor:
    """Negative log-likelihood of readings in nats a token."""
    import torch

    inputs = torch.cat([_inputs(one, features) for one in readings])
    local = torch.cat([torch.from_numpy(one.local) for one in readings])
    cloud = torch.cat([torch.from_numpy(one.cloud) for one in readings])
    weight = torch.sigmoid(network(inputs).squeeze(-1)).double()
    return -torch.log(weight * local + (1 - weight) * cloud + _TINY).mean()


def _rivals(readings: Sequence[Reading]) -> dict[str, float]:
    import numpy as np

    local = np.concatenate([one.local for one in readings])
    cloud = np.concatenate([one.cloud for one in readings])
    each = {
        "local": local,
        "cloud": cloud,
        "mean": (local + cloud) / 2,
        "oracle": np.maximum(local, cloud),
    }
    return {name: float(-np.log(found + _TINY).mean()) for name, found in each.items()}


def _as_weight(network: torch.nn.Sequential, features: Features) -> LearnedWeight:
    import torch

    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    return LearnedWeight(
        features,
        [(one.weight.detach().numpy(), one.bias.detach().numpy()) for one in linear],
    )
