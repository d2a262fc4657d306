"""The private values of one record as bytes, small enough to keep for every record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from cogenesis_langchain.privacy.matching import Record as Row
from cogenesis_langchain.privacy.matching import ValueSet

_DIGEST_BYTES: Final = 8
_END_OF_TEXTS: Final = b"\n"


def pack(values: ValueSet) -> bytes:
    """Write a set's rows: the values as one line of JSON, then the phrases' digests as they are."""
    rows = list(values.to_records())
    texts = [row for row in rows if row[0] != "phrase"]
    digests = b"".join(bytes.fromhex(text) for origin, _, text in rows if origin == "phrase")
    return json.dumps(texts).encode() + _END_OF_TEXTS + digests


def unpack(packed: bytes) -> Iterator[Row]:
    """Read the rows that `pack` wrote."""
    texts, _, digests = packed.partition(_END_OF_TEXTS)
    yield from (tuple(row) for row in json.loads(texts))
    for start in range(0, len(digests), _DIGEST_BYTES):
        yield "phrase", "PHRASE", digests[start : start + _DIGEST_BYTES].hex()
