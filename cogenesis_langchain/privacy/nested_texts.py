"""Every text in nested data: metadata of documents, arguments of calls, artifacts of tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from langchain_core.documents import Document


def texts_in(data: object) -> Iterator[str]:
    """Yield the texts of nested data: keys, values, and what else can be written, such as dates.

    Args:
        data: Mappings, sequences, sets, documents, and values in them.
    """
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from texts_in(key)
            yield from texts_in(value)
    elif isinstance(data, (Sequence, Set)) and not isinstance(data, (bytes, bytearray)):
        for value in data:
            yield from texts_in(value)
    elif isinstance(data, Document):
        yield from texts_in((data.id, data.page_content, data.metadata))
    elif data is not None and not isinstance(data, (bool, bytes, bytearray)):
        yield str(data)
