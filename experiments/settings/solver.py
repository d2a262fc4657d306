"""The Inspect solver of a setting, and the workers that write its texts through the proxy.

Models block, so each text is written in a thread. A worker writes one text at a time and is used
again for the next, so that its connections are kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
from inspect_ai.model import ModelOutput
from inspect_ai.solver import Generate, Solver, TaskState, solver
from langchain_core.messages import AIMessage

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import CloudError, CoGenesisError, FusionError
from cogenesis_langchain.privacy.ledger.entry import EgressLedger
from cogenesis_langchain.privacy.trust.untraced import refuse_tracing
from experiments.attempt import Attempt, Traffic
from experiments.config import ExperimentConfig
from experiments.errors import ExperimentError, RunStopped
from experiments.models import Models
from experiments.servers.recording_proxy import Recording, RecordingProxy
from experiments.settings.catalog import open_settings
from experiments.settings.setting import Setting, SettingModels

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

_ENDPOINT_FAILURES: Final[Collection[type[CoGenesisError]]] = (
    CloudError,
    *CloudError.__subclasses__(),
    FusionError,
)


@solver
def write_text(setting: str, workers: Workers) -> Solver:
    """Write a sample's text with a setting; the epoch of the sample chooses the seed.

    The attempt is kept in the sample's store, also if it failed.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        record = Record.model_validate(state.metadata["record"])
        attempt = await anyio.to_thread.run_sync(
            workers.write, setting, record, workers.seed(state.epoch)
        )
        attempt.save(state.store)
        if attempt.failure:
            raise RunStopped(attempt.failure, remedy="fix the cause, then start the run again")
        state.output = ModelOutput.from_content(setting, attempt.text)
        return state

    return solve


class Workers:
    """All workers of a run; a free one, or a new one, writes the next text.

    Raises:
        ExperimentConfigInvalid: See `open_settings`.
    """

    def __init__(
        self, config: ExperimentConfig, models: Models, proxy: RecordingProxy, ledger: EgressLedger
    ) -> None:
        self._config = config
        self._models = models
        self._proxy = proxy
        self._ledger = ledger
        self._lock = threading.Lock()
        self._opened = 0
        self._failures = 0
        first = self._open()
        self._free = [first]
        self.settings = first.settings

    def seed(self, epoch: int) -> int:
        """The seed of an epoch; epochs count from 1."""
        return self._config.seeds[epoch - 1]

    def write(self, setting: str, record: Record, seed: int) -> Attempt:
        """Write a text; any error becomes the failure of the attempt.

        After the configured number of failures nothing more is written, so that an unreachable
        endpoint does not cost a time-out for each text.
        """
        with self._lock:
            if self._failures >= self._config.max_failures:
                return Attempt(failure=f"not begun: {self._failures} texts had failed")
            worker = self._free.pop() if self._free else self._open()
        attempt = worker.write(setting, record, seed)
        with self._lock:
            if attempt.failure:  # a late request of this worker must not count for another text
                self._failures += 1
            else:
                self._free.append(worker)
        return attempt

    def _open(self) -> _Worker:
        self._opened += 1
        name = f"worker-{self._opened}"
        return _Worker(name, self._config, self._models, self._proxy, self._ledger)


class _Worker:
    """Writes one text after another on its own path through the proxy."""

    def __init__(
        self,
        name: str,
        config: ExperimentConfig,
        models: Models,
        proxy: RecordingProxy,
        ledger: EgressLedger,
    ) -> None:
        self._name = name
        self._models = models
        self._proxy = proxy
        given = SettingModels(config, models.local, models.fine_tuned, ledger, self._open_chat)
        self.settings = open_settings(given)
        self._by_name = {one.name: one for made in self.settings.values() for one in made}

    def write(self, setting: str, record: Record, seed: int) -> Attempt:
        fields: dict[str, Any] = {}
        start = time.monotonic()
        with self._proxy.record(self._name) as recording:
            try:
                fields = _reported(_run(self._by_name[setting], record, seed))
            except CoGenesisError as error:
                failure = _worded(error)
            # A user's own setting may raise anything. The run continues. The message is not kept,
            # because it may contain private text.
            except Exception as error:
                failure = type(error).__name__
            else:
                failure = _endpoint_failure(fields.pop("fallback"))
        seconds = time.monotonic() - start + recording.seconds_saved
        traffic, uncounted = self._count(recording, record)
        failure = failure or uncounted
        return Attempt(
            traffic=traffic,
            seconds=round(seconds, 3),
            failure=failure,
            **({} if failure else fields),
        )

    def _count(self, recording: Recording, record: Record) -> tuple[Traffic, str]:
        try:
            return self._proxy.traffic(recording, record.private_strings), ""
        except ExperimentError as error:
            return Traffic(), _worded(error)

    def _open_chat(self, endpoint: str, parameters: Mapping[str, float | int]) -> ChatOpenAI:
        from langchain_openai import ChatOpenAI

        remote = self._models.remote[endpoint]
        return ChatOpenAI(
            base_url=self._proxy.base_url(self._name, endpoint),
            api_key=remote.api_key,
            model=remote.model,
            stream_usage=True,
            **parameters,
        )


def _run(setting: Setting, record: Record, seed: int) -> AIMessage | str:
    refuse_tracing()
    return setting.write(record, seed)


def _reported(answer: AIMessage | str) -> dict[str, Any]:
    """The text, and what `ChatCoGenesis` reports of it."""
    if isinstance(answer, str):
        return {"text": answer, "fallback": ""}
    report = answer.response_metadata.get("cogenesis", {})
    local = report.get("usage", {}).get("local", {})
    rung, sketch = report.get("rung", ""), report.get("sketch", "")
    return {
        "text": answer.text,
        "sketch": tuple(_points(sketch)) if rung == "outline" else (),
        "template": sketch if rung == "template" else "",
        "left_out": tuple(report.get("left_out", ())),
        "missing": tuple(report.get("missing", ())),
        "rung": rung,
        "local_input_tokens": local.get("input_tokens", 0),
        "local_output_tokens": local.get("output_tokens", 0),
        "fallback": report.get("fallback_reason", ""),
        "trace": report.get("trace", {}),
    }


def _points(outline: str) -> Iterator[str]:
    """The points of a numbered outline."""
    for line in outline.splitlines():
        _, _, point = line.partition(". ")
        yield point


def _endpoint_failure(reason: str) -> str:
    """The reason for a lower rung if the endpoint failed, because the text is not this setting's.

    An unusable sketch is no failure: it is what sketch-fill yields with this cloud model.
    """
    kinds = {part.partition(":")[0] for part in reason.split("; ")}
    return reason if kinds & {kind.__name__ for kind in _ENDPOINT_FAILURES} else ""


def _worded(error: CoGenesisError) -> str:
    return f"{type(error).__name__}: {error.what}"
