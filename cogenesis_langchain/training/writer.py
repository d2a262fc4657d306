"""Trains a low-rank adapter that makes a small local model a better writer.

The paper fine-tunes its small model on records (equation 3). Here it is trained for what it does in
this library: completing a public template from private notes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.models.files.entries import file_needs_example
from cogenesis_langchain.models.local.transformers import TransformersTokens
from cogenesis_langchain.training.adapter_trainer import trainer_of, with_adapter
from cogenesis_langchain.training.base_model import open_base
from cogenesis_langchain.training.gguf_adapter import check_type, export_gguf
from cogenesis_langchain.training.model_card import write_card
from cogenesis_langchain.training.run_folder import RunFolder, hash_of, hash_of_outlines
from cogenesis_langchain.training.sample_set import SampleSet
from cogenesis_langchain.training.settings import WriterSettings

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import TrainerCallback

_BYTES_OF_A_WEIGHT: Final = 48
"""Three checkpoints of four bytes, each with eight of the optimiser, and the adapter twice."""


def train_writer(
    records: Sequence[Record],
    base: str,
    out: Path,
    settings: WriterSettings,
    callbacks: Sequence[TrainerCallback] = (),
    *,
    outlines: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Path:
    """Train a writer adapter; continues a run that was interrupted.

    Args:
        records: Records with references.
        base: The model; see `open_base`.
        out: Folder of the run.
        settings: How to train.
        callbacks: Called by the trainer, for example to show progress.
        outlines: Ids of records to the points that a cloud model wrote for them.

    Returns:
        The adapter as a GGUF file. Beside it are the adapter in peft's format and a model card.

    Raises:
        MissingDependency: The extra ``training`` is not installed.
        ModelFileError: The base model's file cannot be obtained.
        TrainingError: There are too few records, the outlines would have no effect, the model
            cannot be trained, the folder holds another run, cannot be written or has too little
            space, or the run was interrupted.
    """
    if len(records) < settings.validation:
        raise TrainingError(
            f"{len(records)} records are too few to train and to validate on",
            remedy=f"give at least {settings.validation}, or set validation lower",
        )
    if outlines and not (settings.whole_texts and any(one.id in outlines for one in records)):
        raise TrainingError(
            "the outlines would have no effect: no whole texts are trained, or none is of a record",
            remedy="set whole_texts higher, and give outlines with the ids of these records",
        )
    folder = RunFolder(out)
    plan = {
        "base": base,
        "records": hash_of(records),
        "outlines": hash_of_outlines(outlines, records),
        "settings": settings.model_dump(),
    }
    folder.check(plan)
    if folder.gguf.exists():
        return folder.gguf  # the run was finished before
    model, tokenizer = open_base(base)
    check_type(model.config.model_type)
    folder.claim(plan)
    tuned = with_adapter(model, settings)
    _check_space(folder, tuned)
    tokens = TransformersTokens(model, tokenizer)
    kept = records[:: settings.validation]
    used = [record for number, record in enumerate(records) if number % settings.validation]

    def samples_of(chosen: Sequence[Record], epochs: int) -> SampleSet:
        return SampleSet(
            chosen,
            tokens,
            epochs=epochs,
            seed=settings.seed,
            max_tokens=min(settings.max_tokens, tokens.window),
            whole_texts=settings.whole_texts,
            outlines=outlines,
            shows_example=file_needs_example(base),
        )

    samples, validation = samples_of(used, settings.epochs), samples_of(kept, 1)
    trainer = trainer_of(tuned, samples, validation, folder, settings, callbacks)
    try:
        trainer.train(resume_from_checkpoint=folder.last_checkpoint())
    except KeyboardInterrupt:
        raise TrainingError(
            f"the run was interrupted after {trainer.state.global_step} steps",
            remedy="start it again: it continues from its last checkpoint",
        ) from None
    tuned.save_pretrained(str(folder.adapter))
    with_outline = sum(one.id in outlines for one in records)
    write_card(folder.card, base, records, with_outline, settings, trainer.state.log_history)
    return export_gguf(folder.adapter, model.config, folder.gguf)


def _check_space(folder: RunFolder, tuned: PeftModel) -> None:
    """Check that checkpoints and adapter fit on the disk.

    Raises:
        TrainingError: They do not.
    """
    trainable = sum(one.numel() for one in tuned.parameters() if one.requires_grad)
    needed = trainable * _BYTES_OF_A_WEIGHT
    free = shutil.disk_usage(folder.path).free
    if free < needed:
        raise TrainingError(
            f"the run needs {needed / 1e6:.0f} MB in {folder.path}, which has {free / 1e6:.0f} MB",
            remedy="free some space, or give a folder on another disk",
        )
