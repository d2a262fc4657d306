"""A learned weight of the mixture: a small network reads both distributions (paper, section 3.3).

The weight depends on the distributions of its position alone, so block decoding with it stays
exact. ``cogenesis train combiner`` trains one for a pair of models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, final

from cogenesis_langchain.errors import FusionError, require_package
from cogenesis_langchain.fusion.position import Position, entropy
from cogenesis_langchain.whole_file import whole_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cogenesis_langchain.models.base import Probabilities

Features = Literal["top", "summary"]
"""Inputs of the network: the largest probabilities of both sides, as in the paper, or entropies,
margins and agreement."""
_TOP: Final = 10  # the paper's number of probabilities a side


def top_probabilities(position: Position) -> NDArray[np.float32]:
    """The ten largest probabilities of the local side, then of the cloud side; shape (20,)."""
    import numpy as np

    return np.concatenate([_largest(position.local), _largest(position.cloud)]).astype(np.float32)


def _largest(probabilities: Probabilities) -> Probabilities:
    import numpy as np

    count = min(_TOP, len(probabilities))
    found = np.sort(np.partition(probabilities, -count)[-count:])[::-1]
    return np.pad(found, (0, _TOP - count))


def summary(position: Position) -> NDArray[np.float32]:
    """Entropies, largest probabilities, margins, agreement and mass on the other's favourite.

    Shape (9,); entropies are in nats.
    """
    import numpy as np

    local, cloud = position.local, position.cloud
    favourite, other = int(np.argmax(local)), int(np.argmax(cloud))
    first, second = _largest(local)[:2], _largest(cloud)[:2]
    return np.array(
        [
            entropy(local),
            entropy(cloud),
            first[0],
            second[0],
            first[0] - first[1],
            second[0] - second[1],
            float(favourite == other),
            cloud[favourite],
            local[other],
        ],
        dtype=np.float32,
    )


FEATURES: Final[Mapping[Features, Callable[[Position], NDArray[np.float32]]]] = MappingProxyType(
    {"top": top_probabilities, "summary": summary}
)
_FEATURES_KEY: Final = "features"


@final
class LearnedWeight:
    """A network with ReLU between its layers and a sigmoid at its end.

    Use it as the weight of a `Mixture`.

    Args:
        features: What it reads.
        layers: Weights of shape (out, in) and biases of shape (out,), the last with out = 1.
    """

    def __init__(
        self,
        features: Features,
        layers: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]],
    ) -> None:
        self.features: Features = features
        self._layers = layers

    def __call__(self, position: Position) -> float:
        """The local model's weight at a position, in [0, 1]."""
        import numpy as np

        state = FEATURES[self.features](position)
        for number, (weights, biases) in enumerate(self._layers):
            state = weights @ (np.maximum(state, 0.0) if number else state) + biases
        return float(1.0 / (1.0 + np.exp(-state[0])))

    def save(self, path: Path) -> None:
        """Write the network as a safetensors file, which appears when it is complete."""
        from safetensors.numpy import save_file

        tensors: dict[str, NDArray[np.float32]] = {}
        for number, (weights, biases) in enumerate(self._layers):
            tensors |= {f"{number}.weight": weights, f"{number}.bias": biases}
        with whole_file(path) as partial:
            save_file(tensors, partial, metadata={_FEATURES_KEY: self.features})

    @classmethod
    def load(cls, path: Path) -> LearnedWeight:
        """Read a network that `save` wrote.

        Raises:
            MissingDependency: The package ``safetensors`` is not installed.
            FusionError: The file is missing, damaged or of another kind.
        """
        require_package("safetensors", extra="llama-cpp")
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                told = (file.metadata() or {})[_FEATURES_KEY]
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no dict
            features = next(known for known in FEATURES if known == told)
            count = len(tensors) // 2
            layers = [(tensors[f"{i}.weight"], tensors[f"{i}.bias"]) for i in range(count)]
        except (OSError, KeyError, StopIteration, SafetensorError) as error:
            raise FusionError(
                f"{path.name} holds no learned weight ({type(error).__name__})",
                remedy="give a file that `cogenesis train combiner` wrote",
            ) from None
        return cls(features, layers)
