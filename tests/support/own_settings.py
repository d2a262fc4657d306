"""Settings defined by a user, as an evaluation configuration names them."""

from __future__ import annotations

from langchain_core.runnables import Runnable, RunnableLambda

from cogenesis_langchain.evaluation.setting import Desk, Setting, Task


def tell_model(desk: Desk) -> list[Setting]:
    """Writes the name of the cloud model, without calling any model."""
    write: Runnable[Task, str] = RunnableLambda(
        lambda task: f"{task.record.id} by {desk.config.cloud.model}"
    )
    return [Setting("my own", "other", "nothing", write)]


def break_down(desk: Desk) -> list[Setting]:
    """Fails with private text in the error message."""

    def fail(task: Task) -> str:
        raise ValueError(task.record.private_text)

    return [Setting("broken", "other", "nothing", RunnableLambda(fail))]
