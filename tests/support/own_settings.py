"""Settings of a user's own, as a configuration names them."""

from __future__ import annotations

from cogenesis_langchain.datasets.record import Record
from experiments.settings.setting import Setting, SettingModels


def tell_model(models: SettingModels) -> list[Setting]:
    """Needs no model: writes which one it could have asked."""

    def write(record: Record, seed: int) -> str:
        return f"{record.id} by {models.config.cloud.model}"

    return [Setting("my own", "other", "nothing", write)]


def break_down(models: SettingModels) -> list[Setting]:
    """Fails with private text in its message."""

    def fail(record: Record, seed: int) -> str:
        raise ValueError(record.private_text)

    return [Setting("broken", "other", "nothing", fail)]
