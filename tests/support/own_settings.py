"""Settings of a user's own, as a configuration names them."""

from __future__ import annotations

from experiments.records.record import Record
from experiments.settings.setting import Desk, Setting


def tell_model(desk: Desk) -> list[Setting]:
    """Needs no model: writes which one it could have asked."""

    def write(record: Record, seed: int) -> str:
        return f"{record.id} by {desk.config.cloud.model}"

    return [Setting("my own", "other", "nothing", write)]


def break_down(desk: Desk) -> list[Setting]:
    """Fails with private text in its message."""

    def fail(record: Record, seed: int) -> str:
        raise ValueError(record.private_text)

    return [Setting("broken", "other", "nothing", fail)]
