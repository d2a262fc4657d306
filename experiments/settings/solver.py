"""A lane: the settings of a run, made for one text at a time, by way of the tap."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable

from cogenesis_langchain.chains.private_chain import private_chain
from cogenesis_langchain.errors import CloudError, CoGenesisError, EvaluationError, FusionError
from experiments.config import EvaluationConfig
from experiments.models import Models
from cogenesis_langchain.evaluation.results import Attempt, Traffic
from experiments.settings.setting import Desk, Setting, Task
from experiments.settings.catalog import open_settings
from experiments.recording_proxy import Tap, Watch
from cogenesis_langchain.privacy.ledger.entry.entry import EgressLedger

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

KeepTrace: TypeAlias = Callable[[str, Mapping[str, Any]], None]


class Lane:
    """Writes one text after another.

    Args:
        name: Unique in a run; its own path through the tap.
        config: The evaluation.
        models: What writes.
        tap: Counts what passes.
        ledger: Records what passes the border.
        keep_trace: Gets the name of a fused setting and the trace of each of its texts.

    Raises:
        EvaluationConfigInvalid: See `open_settings`.
    """

    def __init__(
        self,
        name: str,
        config: EvaluationConfig,
        models: Models,
        tap: Tap,
        ledger: EgressLedger,
        keep_trace: KeepTrace,
    ) -> None:
        self._keep_trace = keep_trace
        self._name = name
        self._models = models
        self._tap = tap
        desk = Desk(config, models.local, models.fine_tuned, ledger, self._open_chat)
        self.settings = open_settings(desk)
        self._by_name = {one.name: one for made in self.settings.values() for one in made}

    def write(self, setting: str, task: Task) -> Attempt:
        """Write a text; whatever goes wrong becomes the attempt's failure.

        Args:
            setting: Name of a setting.
            task: The record and the seed.
        """
        made: dict[str, Any] = {}
        start = time.monotonic()
        with self._tap.watch(self._name) as watch:
            try:
                made = _told(_run(self._by_name[setting], task))
            except CoGenesisError as error:
                failure = _worded(error)
            # A setting may be the user's own and raise anything; the run goes on. What it says is
            # not kept, for it could hold private text.
            except Exception as error:
                failure = type(error).__name__
            else:
                failure = _endpoint_failure(made.pop("fallback"))
                trace = made.pop("trace")
                if trace and not failure:
                    self._keep_trace(setting, trace)
        seconds = time.monotonic() - start + watch.seconds_saved
        traffic, uncounted = self._count(watch, task)
        failure = failure or uncounted
        return Attempt(
            record=task.record.id,
            setting=setting,
            seed=task.seed,
            traffic=traffic,
            seconds=round(seconds, 3),
            failure=failure,
            **({} if failure else made),
        )

    def _count(self, watch: Watch, task: Task) -> tuple[Traffic, str]:
        try:
            return self._tap.traffic(watch, task.record.private_strings), ""
        except EvaluationError as error:
            return Traffic(), _worded(error)

    def _open_chat(self, endpoint: str, parameters: Mapping[str, float | int]) -> ChatOpenAI:
        from langchain_openai import ChatOpenAI

        remote = self._models.remote[endpoint]
        return ChatOpenAI(
            base_url=self._tap.base_url(self._name, endpoint),
            api_key=remote.api_key,
            model=remote.model,
            stream_usage=True,
            **parameters,
        )


_ENDPOINT_FAILURES: Final[Collection[type[CoGenesisError]]] = (
    CloudError,
    *CloudError.__subclasses__(),
    FusionError,
)


def _run(setting: Setting, task: Task) -> AIMessage | str:
    write: Runnable[Task, Any] = private_chain(setting.write)
    answer: AIMessage | str = write.invoke(task)
    return answer


def _told(answer: AIMessage | str) -> dict[str, Any]:
    """The text, and what `ChatCoGenesis` reports of it."""
    if isinstance(answer, str):
        return {"text": answer, "fallback": "", "trace": {}}
    told = answer.response_metadata.get("cogenesis", {})
    local = told.get("usage", {}).get("local", {})
    return {
        "text": answer.text,
        "sketch": tuple(told.get("sketch", ())),
        "rung": told.get("rung", ""),
        "local_input_tokens": local.get("input_tokens", 0),
        "local_output_tokens": local.get("output_tokens", 0),
        "fallback": told.get("fallback_reason", ""),
        "trace": told.get("trace", {}),
    }


def _endpoint_failure(reason: str) -> str:
    """Why a lower rung was used, if that was the endpoint: then it is no text of this setting.

    A sketch that is of no use is part of what sketch-fill gives with that cloud model.
    """
    kinds = {part.partition(":")[0] for part in reason.split("; ")}
    return reason if kinds & {kind.__name__ for kind in _ENDPOINT_FAILURES} else ""


def _worded(error: CoGenesisError) -> str:
    return f"{type(error).__name__}: {error}"
