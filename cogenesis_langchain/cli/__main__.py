"""Run the command line as ``python -m cogenesis_langchain.cli``."""

from __future__ import annotations

from cogenesis_langchain.cli import main

main()
