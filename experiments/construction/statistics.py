"""Sizes and cost of a constructed set, in the form of Table 3 of the paper."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import pandas as pd

from cogenesis_langchain.datasets.record import Record
from experiments.construction.author import Cost


def table(records: Sequence[Record], cost: Cost) -> str:
    """Return counts, mean lengths in words, and the author's requests and tokens as Markdown."""
    rows: list[tuple[str, object]] = [
        ("groups", len({record.user_group for record in records})),
        ("people", len({record.profile.facts for record in records})),
        ("records", len(records)),
    ]
    if records:
        for name, texts in (
            ("words of notes", [record.context for record in records]),
            ("words of the general task", [record.instruction.general for record in records]),
            ("words of the text", [record.reference for record in records]),
        ):
            rows.append((name, round(fmean(len(text.split()) for text in texts), 1)))
    rows += [
        ("requests", cost.requests),
        ("tokens read", cost.input_tokens),
        ("tokens written", cost.output_tokens),
        ("answers rejected", cost.rejected),
    ]
    return pd.DataFrame(rows, columns=["", "count or mean"]).to_markdown(index=False)
