"""Mail addresses of tests: known ones, a misspelt one, and that of an injected order."""

from __future__ import annotations

RIGHT, OTHER = "felix.obi@obi-dental.example", "office@papdale.example"
WRONG = "dr-felix-obi@obi-dental.example"
STRANGER = "collector@inbox-audit.example"
