"""Every text in nested data: metadata of documents, arguments of calls, artifacts of tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Final

from langchain_core.documents import Document

_NO_TEXT: Final = (bool, float, bytes, bytearray, memoryview)


def texts_in(data: object) -> Iterator[str]:
    """Yield the texts of nested data: keys, values, and what else can be written, such as dates.

    Bytes hold no text, and floats are measures, such as the numbers of a vector.

    Args:
        data: Mappings, sequences, sets, documents, and values in them. What contains itself is read
            once.
    """
    yield from _texts_in(data, ())


def _texts_in(data: object, within: tuple[int, ...]) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Document):
        yield from _texts_in((data.id, data.page_content, data.metadata), within)
    elif isinstance(data, (Mapping, Sequence, Set)) and not isinstance(data, _NO_TEXT):
        if id(data) in within:
            return
        items = data.items() if isinstance(data, Mapping) else data
        for item in items:
            yield from _texts_in(item, (*within, id(data)))
    elif data is not None and not isinstance(data, _NO_TEXT):
        yield str(data)
