"""The trainer of transformers, set up for a low-rank adapter of peft."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.training.run_folder import RunFolder
from cogenesis_langchain.training.sample_set import IGNORED, SampleSet
from cogenesis_langchain.training.settings import WriterSettings

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, Trainer, TrainerCallback


def with_adapter(model: PreTrainedModel, settings: WriterSettings) -> PeftModel:
    """The model with an adapter at every linear part of its uppermost layers."""
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model

    torch.manual_seed(settings.seed)
    count = int(model.config.num_hidden_layers)
    parts = {
        name.rpartition(".")[2]
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.Linear) and ".layers." in name
    }
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=2 * settings.rank,
        target_modules=sorted(parts),
        layers_to_transform=list(range(max(0, count - (settings.layers or count)), count)),
        task_type="CAUSAL_LM",
    )
    tuned = get_peft_model(model, config)
    assert isinstance(tuned, PeftModel)
    return tuned


def trainer_of(
    model: PeftModel,
    samples: SampleSet,
    validation: SampleSet,
    folder: RunFolder,
    settings: WriterSettings,
    callbacks: Sequence[TrainerCallback],
) -> Trainer:
    """The trainer of a run: it saves checkpoints, resumes, and stops early.

    Raises:
        TrainingError: It would use several devices.
    """
    from transformers import (
        EarlyStoppingCallback,
        PrinterCallback,
        Trainer,
        TrainingArguments,
        default_data_collator,
    )

    arguments = TrainingArguments(
        output_dir=str(folder.path),
        num_train_epochs=1,  # the epochs are in the samples
        per_device_train_batch_size=1,  # samples differ in length; nothing is padded
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=settings.batch,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, len(samples) // settings.batch // 20),
        eval_on_start=folder.last_checkpoint() is None,  # the model as it is, for comparison
        eval_strategy="steps",
        eval_steps=settings.steps_between_checks,
        save_steps=settings.steps_between_checks,
        save_total_limit=2,
        restore_callback_states_from_checkpoint=True,  # patience that is used up stays so
        load_best_model_at_end=True,
        metric_for_best_model="loss",
        prediction_loss_only=True,
        logging_steps=1,
        disable_tqdm=True,
        report_to=[],
        seed=settings.seed,
        dataloader_pin_memory=False,
    )

    if arguments.n_gpu > 1 or arguments.world_size > 1:
        raise TrainingError(
            "training uses one device, and several are visible",
            remedy="set CUDA_VISIBLE_DEVICES to one of them",
        )

    class AdapterTrainer(Trainer):
        """Computes logits only where there is a loss: the vocabulary is a third of the work."""

        def compute_loss(
            self,
            model: torch.nn.Module,
            inputs: dict[str, torch.Tensor],
            return_outputs: bool = False,
            num_items_in_batch: torch.Tensor | int | None = None,
        ) -> Any:
            import torch

            inner: Any = self.accelerator.unwrap_model(model).base_model.model
            states = inner.model(input_ids=inputs["input_ids"]).last_hidden_state[:, :-1]
            expected = inputs["labels"][:, 1:]
            wanted = expected != IGNORED
            logits = inner.lm_head(states[wanted]).float()
            total = torch.nn.functional.cross_entropy(logits, expected[wanted], reduction="sum")
            loss = total / (num_items_in_batch or wanted.sum())
            return (loss, {"loss": loss}) if return_outputs else loss

    trainer = AdapterTrainer(
        model=model,
        args=arguments,
        train_dataset=samples,
        eval_dataset=validation,
        data_collator=default_data_collator,
        callbacks=[EarlyStoppingCallback(settings.patience), *callbacks],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer
