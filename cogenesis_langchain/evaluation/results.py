"""What an evaluation finds out, as lines of its journals.

Four kinds of results, each kept in a JSON Lines file of its own: the texts that were written
(`Attempt`), the likelihood of the reference texts (`Likelihood`), and the judge's ratings
(`Rating`) and preferences (`Verdict`). Everything in a report is computed from them and from the
records.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict

Aspect = Literal["overall with context", "personalisation", "overall without context"]
"""What a judge rates (section 4.1 of the paper)."""


class _Line(BaseModel):
    """A frozen line of a journal that refuses unknown fields and never prints its content."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        return iter(())


class Traffic(_Line):
    """What passed between this machine and a cloud endpoint for one text.

    Counted by a proxy in front of the endpoint, not by whoever sent it.

    Attributes:
        calls: Requests.
        bytes_sent: Bytes of request heads and bodies.
        bytes_received: Bytes of answers' bodies.
        input_tokens: Tokens the endpoint says it read.
        output_tokens: Tokens the endpoint says it wrote.
        private_strings: How many different private strings of the record were in the requests.
    """

    calls: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    private_strings: int = 0


class Attempt(_Line):
    """One text: what one setting wrote for one record.

    Attributes:
        record: The record's id.
        setting: The setting's name.
        seed: The seed of this sample.
        text: What was written; empty where it failed.
        sketch: The outline's points, where the setting has an outline.
        rung: The rung of the ladder that was used, where the setting has a ladder.
        traffic: What crossed to the cloud endpoint.
        local_input_tokens: Tokens the local model read.
        local_output_tokens: Tokens the local model wrote.
        seconds: Wall-clock time of the text.
        failure: Why there is no text: the name of an error and what it says; empty where there is.
    """

    record: str
    setting: str
    seed: int
    text: str = ""
    sketch: tuple[str, ...] = ()
    rung: str = ""
    traffic: Traffic = Traffic()
    local_input_tokens: int = 0
    local_output_tokens: int = 0
    seconds: float = 0.0
    failure: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What the line is about; a journal holds each key once."""
        return (self.record, self.setting, str(self.seed))


class Likelihood(_Line):
    """How likely a setting finds the reference text of a record, read token by token.

    Attributes:
        record: The record's id.
        setting: The setting's name, or that of a bound: ``"best fixed w"``, ``"oracle"``.
        nats: Negative log-likelihood of all tokens read, summed.
        tokens: Tokens read.
        fixed_weights: Of the oracle's line: the nats under each fixed weight of a grid from 0 to 1,
            from which the best one for all records is found.
    """

    record: str
    setting: str
    nats: float
    tokens: int
    fixed_weights: tuple[float, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """What the line is about; a journal holds each key once."""
        return (self.record, self.setting)


class Rating(_Line):
    """One rating of one text by the judge.

    Attributes:
        record: The record's id.
        setting: The setting's name.
        seed: The seed of the text.
        aspect: What was rated.
        judge_seed: The seed of the judge's answer.
        value: 1 to 10; None where no rating could be read after every retry.
        asked: How often the judge was asked until a rating could be read.
    """

    record: str
    setting: str
    seed: int
    aspect: Aspect
    judge_seed: int
    value: float | None
    asked: int

    @property
    def key(self) -> tuple[str, ...]:
        """What the line is about; a journal holds each key once."""
        return (self.record, self.setting, str(self.seed), self.aspect, str(self.judge_seed))


class Verdict(_Line):
    """The judge's preference between two texts for one record, shown in one order.

    Attributes:
        record: The record's id.
        seed: The seed of both texts.
        first: The setting whose text was shown first.
        second: The setting whose text was shown second.
        aspect: By what they were compared.
        judge_seed: The seed of the judge's answer.
        preferred: Which of them; None where no verdict could be read after every retry.
        asked: How often the judge was asked until a verdict could be read.
    """

    record: str
    seed: int
    first: str
    second: str
    aspect: Aspect
    judge_seed: int
    preferred: Literal["first", "second", "tie"] | None
    asked: int

    @property
    def key(self) -> tuple[str, ...]:
        """What the line is about; a journal holds each key once."""
        return (
            self.record,
            str(self.seed),
            self.first,
            self.second,
            self.aspect,
            str(self.judge_seed),
        )
