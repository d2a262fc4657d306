"""The paper's published figures, for reference.

They were measured with other models, other data and another judge. They show which differences to
expect, not which values to reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SOURCE: Final = (
    "CoGenesis, arXiv 2403.03129, Table 1, set with context; read from assert/table1.jpg of "
    "TsinghuaC3I/CoGenesis at 32cca24. Judge: gpt-4-1106-preview, 1 to 10, one call, the first 50 "
    "texts, no intervals."
)


@dataclass(frozen=True, slots=True)
class PublishedRatings:
    """One row of the paper's Table 1: ratings from 1 to 10, None if not published.

    ``counterpart`` is the setting of ours that is most similar.
    """

    models: str
    counterpart: str
    with_context: float
    personalisation: float
    without_context: float | None


TABLE_1: Final = (
    PublishedRatings("GPT-4-turbo with context", "cloud with context", 8.85, 8.90, 8.54),
    PublishedRatings("GPT-4-turbo without context", "cloud without context", 6.10, 6.46, 8.75),
    PublishedRatings("Qwen1.5-1.8B, zero-shot", "local alone", 6.86, 6.86, None),
    PublishedRatings("Qwen1.5-1.8B, fine-tuned", "local fine-tuned", 8.08, 8.12, 7.40),
    PublishedRatings("… with GPT-4's sketch", "sketch-fill", 8.18, 7.98, 7.62),
    PublishedRatings("… with 72B logits", "fused", 8.28, 8.22, 7.80),
    PublishedRatings("Qwen-1.8B, fine-tuned", "local fine-tuned", 7.44, 7.76, 7.02),
    PublishedRatings("… with 72B logits", "fused", 8.12, 8.20, 7.86),
    PublishedRatings("StableLM-1.6B, fine-tuned, with sketch", "sketch-fill", 8.48, 8.56, 7.98),
)
"""The rows that are legible in the published picture."""
