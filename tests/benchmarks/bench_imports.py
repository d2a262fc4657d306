"""Import time of the package, and of `ChatCoGenesis` against LangChain's own chat models."""

from __future__ import annotations

import statistics
import subprocess
import sys

from rich.console import Console
from rich.table import Table

ROUNDS = 7
PACKAGE = "import cogenesis_langchain"
MODEL = "from cogenesis_langchain import ChatCoGenesis"
LANGCHAIN = "import langchain_core.language_models.chat_models"


def seconds(statement: str) -> float:
    code = f"import time; t = time.perf_counter()\n{statement}\nprint(time.perf_counter() - t)"
    return float(
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    )


def main() -> None:
    statements = (PACKAGE, MODEL, LANGCHAIN)
    runs = [[seconds(statement) for statement in statements] for _ in range(ROUNDS)]
    medians = [statistics.median(column) for column in zip(*runs, strict=True)]
    table = Table("statement", "median s", "ratio to LangChain", "limit")
    limits = ("0.15 s", "ratio 1.2", "")
    for statement, median, limit in zip(statements, medians, limits, strict=True):
        table.add_row(statement, f"{median:.3f}", f"{median / medians[2]:.2f}", limit)
    Console().print(table)


if __name__ == "__main__":
    main()
