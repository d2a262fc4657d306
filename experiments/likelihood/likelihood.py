"""How likely each setting finds the reference texts.

The prompts are the very ones with which the settings write: a record is taken apart as the product
takes it apart. The models must be in this process; where the cloud model's weights are not at hand,
only the local model's settings have a likelihood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.collaboration.preparation import Prepared
from experiments.records.record import Record
from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.pairing import pair
from cogenesis_langchain.evaluation.results import Attempt, Likelihood
from experiments.settings.setting import conversation, preparation
from experiments.likelihood.teacher_forcing import (
    FusedReading,
    Prompts,
    SequenceReader,
    TokenProbabilities,
    read_fused,
    read_text,
)
from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.models.base import PrivateMessage
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.ledger.entry.entry import MemoryLedger
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.prompts import FUSED_TASK
from cogenesis_langchain.sketch.outline import Sketch

if TYPE_CHECKING:
    from cogenesis_langchain.evaluation.runner import Progress

LOCAL: Final = "local alone"
FINE_TUNED: Final = "local fine-tuned"
CLOUD_WITHOUT: Final = "cloud without context"
CLOUD_WITH: Final = "cloud with context"
BEST_FIXED_WEIGHT: Final = "best fixed w"
"""The one weight ``w`` that is best over all records, chosen on these very texts: a bound."""
ORACLE: Final = "oracle"
"""At each token whichever model finds it likelier: no choice of weights can do better."""

WEIGHTS: Final = tuple(number / 20 for number in range(21))
"""The fixed weights that are tried; 0 is the cloud model alone, 1 the local one."""

_FUSED: Final = "fused"

_Sketches = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Readers:
    """What reads, and how much.

    Attributes:
        local: The local model.
        cloud: The cloud model, where its weights are here; it must have the local model's tokens.
        fine_tuned: The fine-tuned local model, if there is one.
        operators: How the two are fused.
        tokens: Most tokens of a reference that are read, at least 1.
    """

    local: SequenceReader
    cloud: SequenceReader | None = None
    fine_tuned: SequenceReader | None = None
    operators: Sequence[Operator] = ()
    tokens: int = 128


def read_likelihoods(
    records: Sequence[Record],
    attempts: Iterable[Attempt],
    readers: Readers,
    journal: Journal[Likelihood],
    progress: Progress = lambda done, total, what: None,
) -> None:
    """Read the reference of each record under every setting, passing over what is known already.

    Args:
        records: What to read.
        attempts: Those with a sketch (an outline, or a whole text of the cloud model's in its
            place) make a setting each: the local model with that sketch, the first of a setting.
        readers: The models.
        journal: Where the likelihoods are kept; a run that ended early goes on there.
        progress: Told how many records are done, how many there are, and which is next.

    Raises:
        EvaluationError: There are no records, attempts are about others, the two models have
            different tokens, or the journal was made with another number of tokens.
        ContextTooLong: A record does not fit a model's window.
    """
    if not records:
        raise EvaluationError("there are no records to read", remedy="name a set with records")
    sketches = _sketches(records, list(attempts))
    for number, record in enumerate(records):
        progress(number, len(records), record.id)
        known = [line for line in journal.lines() if line.record == record.id]
        reading = _Reading(record, sketches.get(record.id, {}), readers)
        for line in reading.lines(known):
            journal.append(line)
    note_best_fixed_weight(journal)
    progress(len(records), len(records), "")


def best_fixed_weight(lines: Iterable[Likelihood]) -> float | None:
    """The weight ``w`` of the local model that is best over all records.

    Args:
        lines: Likelihoods; the oracle's hold those under each of `WEIGHTS`.

    Returns:
        One of `WEIGHTS`; None where nothing was fused.
    """
    grids = [line.fixed_weights for line in lines if line.setting == ORACLE]
    if not grids:
        return None
    totals = [sum(nats) for nats in zip(*grids, strict=True)]
    return WEIGHTS[totals.index(min(totals))]


def note_best_fixed_weight(journal: Journal[Likelihood]) -> None:
    """Note each record's likelihood under the fixed weight that is best over all of them.

    Args:
        journal: Holds the oracle's lines; what it said of the best weight before is replaced.
    """
    lines = journal.lines()
    best = best_fixed_weight(lines)
    if best is None:
        return
    for line in (line for line in lines if line.setting == ORACLE):
        found = Likelihood(
            record=line.record,
            setting=BEST_FIXED_WEIGHT,
            nats=line.fixed_weights[WEIGHTS.index(best)],
            tokens=line.tokens,
        )
        if found not in lines:
            journal.append(found)


def _sketches(records: Sequence[Record], attempts: Sequence[Attempt]) -> dict[str, _Sketches]:
    """The first sketch of each setting that has one, by record."""
    found: dict[str, _Sketches] = {}
    for record, attempt in pair(records, attempts) if attempts else ():
        # A fused text that fell back has a sketch too, but its setting is to fuse.
        if attempt.sketch and not attempt.setting.startswith(_FUSED):
            found.setdefault(record.id, {}).setdefault(attempt.setting, attempt.sketch)
    return found


class _Reading:
    """Reads the reference of one record.

    Args:
        record: The record.
        sketches: Outlines for the local model, by setting.
        readers: The models.

    Raises:
        EvaluationError: The two models have different tokens.
    """

    def __init__(self, record: Record, sketches: _Sketches, readers: Readers) -> None:
        self._record = record
        self._sketches = sketches
        self._readers = readers
        text = record.reference.encode()
        self._text = readers.local.encode(text)[: readers.tokens]
        for other in filter(None, (readers.cloud, readers.fine_tuned)):
            if other.encode(text)[: readers.tokens] != self._text:
                raise EvaluationError(
                    "the models cut the references into different tokens",
                    remedy="read likelihoods with models of one family, or leave them out",
                )

    def lines(self, known: Sequence[Likelihood]) -> Iterator[Likelihood]:
        """Read what is not known yet.

        A model's rounding depends on what its cache held before. So a record is read from an empty
        cache, in one order, and as a whole: a run that was interrupted gives the same figures.

        Raises:
            EvaluationError: What is known is of another number of tokens.
        """
        if any(line.tokens != len(self._text) for line in known):
            raise EvaluationError(
                f"likelihoods of {self._record.id} were read over another number of tokens",
                remedy="read with the same number of tokens, or move the journal away",
            )
        done = {line.setting for line in known}
        if self._settings() <= done:
            return
        readers = self._readers
        for model in filter(None, (readers.local, readers.cloud, readers.fine_tuned)):
            _empty_cache(model)
        yield from (line for line in self._all() if line.setting not in done)

    def _settings(self) -> set[str]:
        settings = {LOCAL, *self._sketches}
        if self._readers.fine_tuned is not None:
            settings.add(FINE_TUNED)
        if self._readers.cloud is not None:
            settings.add(CLOUD_WITH)
            if self._instruction is not None:
                settings |= {CLOUD_WITHOUT, ORACLE, *map(_name, self._readers.operators)}
        return settings

    def _all(self) -> Iterator[Likelihood]:
        """Every setting, those first that share what the local model has read already."""
        readers, whole = self._readers, self._prompt()
        for setting, points in self._sketches.items():
            yield self._read(setting, readers.local, self._prompt(Sketch(points)))
        if readers.cloud is not None and self._instruction is not None:
            yield from self._fused(readers.cloud, self._instruction)
        else:
            yield self._read(LOCAL, readers.local, whole)
        if readers.cloud is not None:
            yield self._read(CLOUD_WITH, readers.cloud, whole)
        if readers.fine_tuned is not None:
            yield self._read(FINE_TUNED, readers.fine_tuned, whole)

    def _fused(self, cloud: SequenceReader, instruction: PublicText) -> Iterator[Likelihood]:
        task = PublicText.compose(FUSED_TASK, {"instruction": instruction})
        prompts = Prompts(
            local=self._prompt(),
            baseline=self._prepared.prompt.without_context(),
            cloud=[PrivateMessage("user", PrivateText(str(task)))],
        )
        found = read_fused(self._readers.local, cloud, prompts, self._text, self._readers.operators)
        yield self._line(LOCAL, found.local)
        yield self._line(CLOUD_WITHOUT, found.cloud)
        for operator in self._readers.operators:
            yield self._line(_name(operator), found.fused[operator.name])
        yield self._oracle(found)

    def _oracle(self, found: FusedReading) -> Likelihood:
        import numpy as np

        own, other = found.local, found.cloud_completed
        line = self._line(ORACLE, np.maximum(own, other))
        grid = tuple(_nats(weight * own + (1.0 - weight) * other) for weight in WEIGHTS)
        return line.model_copy(update={"fixed_weights": grid})

    def _read(
        self, setting: str, model: SequenceReader, prompt: Sequence[PrivateMessage]
    ) -> Likelihood:
        return self._line(setting, read_text(model, prompt, self._text))

    def _line(self, setting: str, probabilities: TokenProbabilities) -> Likelihood:
        return Likelihood(
            record=self._record.id,
            setting=setting,
            nats=_nats(probabilities),
            tokens=len(self._text),
        )

    def _prompt(self, sketch: Sketch | None = None) -> Sequence[PrivateMessage]:
        return self._prepared.prompt.complete(sketch)

    @property
    def _instruction(self) -> PublicText | None:
        """What the cloud model may be shown; None where the border lets nothing out."""
        release = self._prepared.release
        return None if release is None else release.text

    @cached_property
    def _prepared(self) -> Prepared:
        """The record as the product takes it apart."""
        prepare = preparation(Border(ledger=MemoryLedger())).prepare
        return prepare(conversation(self._record))


def _empty_cache(model: SequenceReader) -> None:
    """Have a model read something that no prompt begins with."""
    model.read(model.encode(b".")[:1], 1, lambda _: None)


def _name(operator: Operator) -> str:
    return f"{_FUSED} {operator.name}"


def _nats(probabilities: TokenProbabilities) -> float:
    import numpy as np

    return float(-np.log(probabilities).sum())
