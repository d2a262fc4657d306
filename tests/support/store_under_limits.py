"""Uses a store on a full disk or in a read-only folder.

It runs in its own mount namespace, so that it needs no privileges and leaves nothing mounted.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore

_UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]
_MOUNT = {
    "full": "mount -t tmpfs -o size=3m none {0}",
    "read-only": "mount --bind {0} {0} && mount -o remount,ro,bind {0}",
    "plain": "true",
}

_NAME: Final = "support.store_under_limits"
_TESTS: Final = Path(__file__).parents[1]


def can_mount() -> bool:
    """Whether this system lets an unprivileged process mount a file system for itself."""
    if shutil.which("unshare") is None:
        return False
    mount = subprocess.run([*_UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True)
    return mount.returncode == 0


def run(folder: Path, how: str) -> list[str]:
    """Use a store under a limit; return the error, its remedy and the number of records."""
    folder.mkdir(exist_ok=True)
    script = f'{_MOUNT[how].format("$2")} && exec "$0" -m "$1" "$2"'
    command = [*_UNSHARE, "sh", "-c", script, sys.executable, _NAME, str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_TESTS)
    return result.stdout.splitlines()


def _use(folder: str) -> None:
    kept = 0
    try:
        with ContextStore(folder, embeddings=WordEmbeddings()) as store:
            for kept in range(16):
                store.add(f"note {kept}", metadata={"bulk": "x" * 200_000})
    except StoreError as error:
        sys.stdout.write(f"{error}\n{kept}\n")


if __name__ == "__main__":
    _use(sys.argv[1])
