"""The three steps of an experiment, each a resumable eval set of Inspect."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from inspect_ai import Task, score
from inspect_ai.log import write_eval_log

from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.datasets.validate import check
from cogenesis_langchain.fusion.operators import operator_named
from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens
from cogenesis_langchain.privacy.ledger.file import FileLedger
from experiments.config import ExperimentConfig
from experiments.errors import ExperimentError
from experiments.eval_sets import evaluate, held
from experiments.judge import open_judge
from experiments.likelihood import Readers
from experiments.models import (
    Models,
    hashes_of_models,
    machine,
    open_local,
    open_models,
    open_remote,
)
from experiments.results import (
    JUDGE,
    LIKELIHOOD,
    TEXTS,
    Results,
    WrittenText,
    logs_of,
    read_logs,
    read_results,
)
from experiments.scorers.text_scorers import text_scorers
from experiments.servers.recording_proxy import RecordingProxy
from experiments.settings.setting import Setting
from experiments.settings.solver import Workers
from experiments.tasks import comparing, dataset, rating, reading, sample, writing

_WRITING: Final = {"generation", "seeds", "closeness", "cloud", "local", "sketch_models"}
_READING: Final = {"cloud", "local", "operators"}


def run(config: ExperimentConfig, folder: Path) -> None:
    """Write all texts, read the references and have the texts rated, as far as this is missing.

    Raises:
        DatasetError: The records cannot be read, or are inconsistent.
        ExperimentConfigInvalid: A setting cannot be made as configured.
        RunDiffers: The folder holds results of another configuration, models or records.
        RunStopped: Something failed; the same call continues from there.
    """
    records = load(config)  # before anything is fetched or started
    with held(folder):
        models = hashes_of_models(config)
        with open_models(config) as opened:
            write_texts(config, records, models, opened, folder)
        read_references(config, records, models, folder)
        rate_texts(config, models, folder)


def load(config: ExperimentConfig) -> list[Record]:
    """Load the records of a configuration.

    Raises:
        DatasetError: A file cannot be read, or the records are inconsistent.
    """
    records = [record for path in config.records for record in load_records(path)]
    check(records)
    return records[: config.limit]


def write_texts(
    config: ExperimentConfig,
    records: Sequence[Record],
    models: Mapping[str, str],
    opened: Models,
    folder: Path,
) -> None:
    """Have each setting write a text for each of its records and seeds; see `run`.

    Args:
        config: The experiment.
        records: To write for.
        models: Hashes of the models.
        opened: The models.
        folder: Of the run.
    """
    conditions = _conditions(config, _WRITING | {"presidio_model"}, models)
    addresses = {name: remote.base_url for name, remote in opened.remote.items()}
    ledger = FileLedger(folder / "ledger" / "egress.jsonl")
    reuse, patience = config.cloud.reuse_answers, config.cloud.timeout
    with RecordingProxy(addresses, reuse_answers=reuse, timeout=patience) as proxy:
        workers = Workers(config, opened, proxy, ledger)
        tasks: list[Task] = []
        for setting, limit in _limits(config, workers.settings, len(records)):
            samples = dataset(sample(record) for record in records[:limit])
            task = writing(setting, samples, workers, conditions)
            # For the report: the order of the settings, and where they ran.
            task.metadata = {**(task.metadata or {}), "place": len(tasks), "machine": machine()}
            tasks.append(task)
        evaluate(tasks, logs_of(folder, TEXTS), conditions, at_once=config.concurrency)


def score_again(folder: Path) -> None:
    """Compute the scores of a run's texts again, in their logs."""
    for log in read_logs(folder, TEXTS):
        scorers = text_scorers(with_closeness=log.eval.task_args["conditions"]["closeness"])
        scored = score(log, scorers, action="overwrite", display="none")
        write_eval_log(scored, log.location)


def read_references(
    config: ExperimentConfig, records: Sequence[Record], models: Mapping[str, str], folder: Path
) -> None:
    """Read the reference texts under every setting, if this is configured; see `run`.

    The models are opened in this process. If the cloud model runs elsewhere, only the settings of
    the local model have a likelihood.
    """
    if config.likelihood is None:
        return
    found = _sketches(read_results(folder))
    tokens = config.likelihood.tokens
    conditions = _conditions(config, _READING, models) | {
        "tokens": tokens,
        "sketches": sorted({setting for of_record in found.values() for setting in of_record}),
    }
    samples = dataset(
        sample(record, sketches=found.get(record.id, {}))
        for record in records[: config.likelihood.limit]
    )
    task = reading(samples, _readers(config, tokens), conditions)
    evaluate([task], logs_of(folder, LIKELIHOOD), conditions, at_once=1)


def rate_texts(config: ExperimentConfig, models: Mapping[str, str], folder: Path) -> None:
    """Have the judge rate the texts, and compare them in both orders, if this is configured.

    Raises:
        ExperimentError: The two settings to compare have no texts in common.
        UntrustedLocalModel: The judge runs on a host that is not trusted.
        RunDiffers: The folder holds ratings of another configuration.
        RunStopped: The judge failed.
    """
    asked = config.judge
    if asked is None:
        return
    texts = [text for text in read_results(folder).texts if not text.attempt.failure]
    chosen = {"model", "base_url", "aspects", "seeds", "compare"}
    conditions = {
        "judge": asked.model_dump(mode="json", include=chosen),
        "model": models["judge"],
    }
    with ExitStack() as stack:
        judge = open_judge(
            asked, open_remote(asked, "judge", slots=config.concurrency, stack=stack)
        )
        samples = dataset(
            sample(
                text.record,
                f"{text.setting}, {text.record.id}, {text.epoch}",
                setting=text.setting,
                text=text.attempt.text,
            )
            for text in texts
        )
        tasks = [rating(samples, judge, asked.aspects, asked.seeds, conditions)]
        if asked.compare is not None:
            pairs = dataset(
                sample(one.record, f"{one.record.id}, {one.epoch}", texts=[one.attempt.text, other])
                for one, other in _pairs(texts, *asked.compare)
            )
            tasks.append(comparing(pairs, judge, asked.compare, conditions))
        evaluate(tasks, logs_of(folder, JUDGE), conditions, at_once=config.concurrency)


def _conditions(
    config: ExperimentConfig, keys: set[str], models: Mapping[str, str]
) -> dict[str, Any]:
    return {
        **config.model_dump(mode="json", include=keys),
        "models": {use: model for use, model in models.items() if use != "judge"},
        "records": {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in config.records
        },
    }


def _limits(
    config: ExperimentConfig, settings: Mapping[str, Sequence[Setting]], count: int
) -> Iterator[tuple[Setting, int]]:
    """Each setting with the number of records it writes for."""
    for configured, made in settings.items():
        for setting in made:
            limit = config.limits.get(configured, count)
            yield setting, config.limits.get(setting.name, limit)


def _sketches(results: Results) -> dict[str, dict[str, list[str]]]:
    """The first sketch of each setting that has one, by record."""
    found: dict[str, dict[str, list[str]]] = {}
    for text in results.texts:
        # A fused text that fell back has a sketch too, but it does not belong to its setting.
        if text.attempt.sketch and results.settings[text.setting]["part"] != "fused":
            of_record = found.setdefault(text.record.id, {})
            of_record.setdefault(text.setting, list(text.attempt.sketch))
    return found


def _readers(config: ExperimentConfig, tokens: int) -> Readers:
    local, cloud = config.local, config.cloud

    def reader(model: str, adapter: Path | None = None) -> LlamaCppTokens:
        return LlamaCppTokens(open_local(local, model, adapter))

    return Readers(
        local=reader(local.model, local.adapter),
        cloud=reader(cloud.model) if cloud.is_stand_in else None,
        fine_tuned=reader(local.fine_tuned) if local.fine_tuned else None,
        operators=[operator_named(name) for name in config.operators],
        tokens=tokens,
    )


def _pairs(texts: Sequence[WrittenText], one: str, other: str) -> list[tuple[WrittenText, str]]:
    """Texts of one setting, each with the text of the other for the same record and seed."""
    others = {(t.record.id, t.epoch): t.attempt.text for t in texts if t.setting == other}
    pairs = [
        (text, others[text.record.id, text.epoch])
        for text in texts
        if text.setting == one and (text.record.id, text.epoch) in others
    ]
    if not pairs:
        raise ExperimentError(
            f"{one!r} and {other!r} have no texts for the same record and seed",
            remedy="check the names of the settings in judge.compare",
        )
    return pairs
