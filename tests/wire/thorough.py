"""Number of cases in the long tests.

By default a few hundred generated cases, and five calls for each of 64 users. With
``pytest tests/wire --hypothesis-profile=border``, ten thousand cases and fifty calls.
"""

from __future__ import annotations

from typing import Final

from hypothesis import settings

THOROUGH: Final = settings().max_examples >= 10_000
CASES: Final = settings().max_examples if THOROUGH else 300
