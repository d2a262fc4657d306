"""Read records from files: our JSON Lines, the authors' public set, and LaMP's writing tasks.

Each loader reads the whole file or raises `DatasetError`, which names the file, the line or item,
and the field. Data may be private, so no error repeats any of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from cogenesis_langchain.datasets.authors_format import AuthorsItem
from cogenesis_langchain.datasets.lamp_format import LampGolds, LampQuestion, LampTask
from cogenesis_langchain.datasets.problems import described
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import DatasetError
from cogenesis_langchain.whole_file import whole_file

_Model = TypeVar("_Model", bound=BaseModel)


def load_records(path: Path) -> tuple[Record, ...]:
    """Load records from a UTF-8 file of JSON Lines; blank lines are skipped.

    Raises:
        DatasetError: The file cannot be read, contains no record, or a line is not a record.
    """
    return _at_least_one(_lines(Record, path), path)


class _RecordedOutline(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    outline: tuple[str, ...]


def save_records(records: Iterable[Record], path: Path) -> None:
    """Write records as JSON Lines, which `load_records` reads; the file is whole or not there."""
    with whole_file(path) as partial:
        lines = "".join(record.model_dump_json() + "\n" for record in records)
        partial.write_text(lines, encoding="utf-8")


def load_outlines(path: Path) -> dict[str, tuple[str, ...]]:
    """Load the outlines that a cloud model wrote for records: ids to their points.

    Raises:
        DatasetError: The file cannot be read, contains no outline, or a line is none.
    """
    read = _at_least_one(_lines(_RecordedOutline, path), path)
    return {one.id: one.outline for one in read}


def load_authors_set(path: Path) -> tuple[Record, ...]:
    """Load the context-aware instructions that the authors of the paper published.

    Args:
        path: A JSON file of their repository's `data/context-aware`. It has no licence, so it is
            not part of this project; fetch it yourself.

    Raises:
        DatasetError: The file cannot be read, contains no item, or an item has another shape.
    """
    return _at_least_one([item.to_record() for item in _items(AuthorsItem, path)], path)


def load_lamp_set(questions: Path, outputs: Path, task: LampTask) -> tuple[Record, ...]:
    """Load a writing task of LaMP, reversed as in the paper.

    Args:
        questions: LaMP's questions, a JSON list of `id`, `input` and `profile`.
        outputs: LaMP's gold outputs for them.
        task: Which of the two tasks the files contain.

    Raises:
        DatasetError: A file cannot be read, contains no item or has another shape, or a question
            has no gold output.
    """
    golds = _validate(LampGolds, _decode(_read(outputs), outputs), f"{outputs}").golds
    titles = {gold.id: gold.output for gold in golds}
    records = []
    for number, question in enumerate(_items(LampQuestion, questions), start=1):
        if question.id not in titles:
            raise DatasetError(
                f"{questions}, item {number}: no gold output with its id in {outputs}",
                remedy="give the questions and the outputs of the same split",
            )
        records.append(question.to_record(titles[question.id], task))
    return _at_least_one(records, questions)


def _lines(kind: type[_Model], path: Path) -> list[_Model]:
    # Not splitlines(): JSON strings may contain U+2028 and similar, which end no line here.
    lines = enumerate(_read(path).split("\n"), start=1)
    return [
        _validate(kind, _decode(line, path, line=number), f"{path}, line {number}")
        for number, line in lines
        if line.strip()
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read: {error.strerror}", remedy="check the path and its permissions"
        ) from None
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path} is not UTF-8 text (byte {error.start})", remedy="save the file as UTF-8"
        ) from None


def _decode(text: str, path: Path, line: int = 1) -> object:
    """Decode JSON that starts at a line of a file."""
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise DatasetError(
            f"{path}, line {line + error.lineno - 1}, column {error.colno}: not JSON ({error.msg})",
            remedy="load_records reads one JSON record a line, the other loaders one JSON document",
        ) from None
    return value


def _items(model: type[_Model], path: Path) -> list[_Model]:
    """Read a JSON list item by item, so that an error can name the item."""
    items = _decode(_read(path), path)
    if not isinstance(items, list):
        raise DatasetError(
            f"{path} holds a JSON value of another kind than a list",
            remedy="see the loader's documentation for the format it reads",
        )
    return [
        _validate(model, item, f"{path}, item {number}")
        for number, item in enumerate(items, start=1)
    ]


def _validate(model: type[_Model], value: object, where: str) -> _Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise DatasetError(
            f"{where}: {described(error, private=True)}",
            remedy="correct the fields named; datasets/record.py describes each",
        ) from None


def _at_least_one(records: Sequence[_Model], path: Path) -> tuple[_Model, ...]:
    if not records:
        raise DatasetError(f"{path} holds no records", remedy="give a file with at least one")
    return tuple(records)
