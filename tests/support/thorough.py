"""Number of cases in the long tests.

By default a few hundred generated cases, a third of the border's matrix, and five calls for each of
64 users. With ``--hypothesis-profile=thorough``: ten thousand cases, the whole matrix, fifty calls.
"""

from __future__ import annotations

from typing import Final

from hypothesis import settings

THOROUGH: Final = settings().max_examples >= 10_000
CASES: Final = settings().max_examples if THOROUGH else 300
