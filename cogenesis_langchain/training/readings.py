"""Readings of references by both models, from which the combiner is trained.

Each is made once. They are kept in a folder, and they are private.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cogenesis_langchain.collaboration.local_prompt import LocalPrompt
from cogenesis_langchain.datasets.conversation import conversation
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.fusion.learned_weight import summary, top_probabilities
from cogenesis_langchain.fusion.teacher_forcing import Prompts, read_positions
from cogenesis_langchain.models.base import PrivateMessage, TokenModel, needs_example
from cogenesis_langchain.privacy.messages.instruction import MAX_PUBLIC_WORDS, split_request
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.prompts import FUSED_TASK
from cogenesis_langchain.whole_file import whole_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Reading:
    """The positions of one reference, without those where the cloud would leave a blank.

    Attributes:
        top: Features of each position, as in the paper; shape (positions, 20).
        summary: Other features; shape (positions, 9).
        local: Probability of the token under the local model; shape (positions,).
        cloud: The same under the cloud model, completed by the local tail.
    """

    top: NDArray[np.float32]
    summary: NDArray[np.float32]
    local: NDArray[np.float64]
    cloud: NDArray[np.float64]


def read_all(
    records: Sequence[Record],
    local: TokenModel,
    cloud: TokenModel,
    folder: Path,
    tokens: int,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Reading]:
    """Read the references of all records; those that are in the folder are not read again.

    Args:
        records: The records.
        local: The local model.
        cloud: The cloud model, with the same tokens.
        folder: Where the readings of these records by these models are kept, one file each.
        tokens: Most tokens of a reference.
        progress: Called with the number of records that are read.

    Returns:
        The readings that have a position to learn from.

    Raises:
        TrainingError: The models have different tokens.
        ContextTooLong: A record does not fit a model's window.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Reading] = []
    for number, record in enumerate(records, start=1):
        path = folder / f"{number:05}.npz"
        if not path.exists():
            _save(_read(record, local, cloud, tokens), path)
        found.append(_load(path))
        progress(number)
    return [one for one in found if len(one.local)]


def _read(record: Record, local: TokenModel, cloud: TokenModel, tokens: int) -> Reading:
    import numpy as np

    text = local.encode(record.reference.encode())[:tokens]
    if cloud.encode(record.reference.encode())[:tokens] != text:
        raise TrainingError(
            "the models cut the references into different tokens",
            remedy="train a combiner for two models of one family",
        )
    request = split_request(
        conversation(record), rule="last_human", max_public_words=MAX_PUBLIC_WORDS
    )
    prompt = LocalPrompt(request, (), shows_example=needs_example(local))
    task = FUSED_TASK.fill({"instruction": record.instruction.general})
    prompts = Prompts(
        local=prompt.complete(None),
        baseline=(),
        cloud=[PrivateMessage("user", PrivateText(task))],
    )
    read = [one for one in read_positions(local, cloud, prompts, text) if not one.is_blank]
    return Reading(
        top=np.array([top_probabilities(one.position) for one in read]),
        summary=np.array([summary(one.position) for one in read]),
        local=np.array([one.position.local[one.token] for one in read]),
        cloud=np.array([one.position.cloud[one.token] for one in read]),
    )


def _save(reading: Reading, path: Path) -> None:
    import numpy as np

    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, **asdict(reading))


def _load(path: Path) -> Reading:
    import numpy as np

    with np.load(path, allow_pickle=False) as arrays:
        return Reading(**{name: arrays[name] for name in Reading.__slots__})
