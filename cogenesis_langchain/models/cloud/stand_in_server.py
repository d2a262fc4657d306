"""The child process of the stand-in cloud: llama.cpp's server until the parent is gone.

`cogenesis_langchain.models.cloud.stand_in` runs it with ``python -m`` and passes `Settings` as one
JSON argument. Writes the server's address to stdout once the model is loaded, then waits for the
end of stdin, which comes however the parent ends. (The server holds the interpreter lock while it
reads the model, so a parent lost during that time is noticed when the reading is done.)
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass

_PROMPT_CACHE_MB = 512


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server is started with.

    Attributes:
        path: Model file.
        alias: Name under which the server lists the model.
        host: Address to listen on.
        port: Port to listen on; 0 lets the system choose.
        n_parallel: Requests served at the same time.
        n_ctx: Window of each of them, in tokens.
        threads: Threads to compute with, None for the server's own choice.
    """

    path: str
    alias: str
    host: str
    port: int
    n_parallel: int
    n_ctx: int
    threads: int | None


def serve(settings: Settings) -> None:
    """Serve until stdin ends, then leave without waiting for requests in progress."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings.path
    params.model_alias = {settings.alias}
    params.hostnames = [settings.host]
    params.port = settings.port
    params.n_parallel = settings.n_parallel
    params.n_ctx = settings.n_ctx * settings.n_parallel  # the server divides it by its slots
    params.cache_ram_mib = _PROMPT_CACHE_MB
    params.offline = True
    params.ui = False
    params.endpoint_slots = False  # would show one client the prompts of another
    params.verbosity = 0
    if settings.threads is not None:
        params.cpuparams.n_threads = settings.threads
        params.cpuparams_batch.n_threads = settings.threads

    address_pipe = os.dup(sys.stdout.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads what follows
    try:
        server = xllamacpp.Server(params)
    except RuntimeError:
        os._exit(1)
    with suppress(BrokenPipeError):  # the parent is gone; stdin says so too
        os.write(address_pipe, f"{server.listening_address}\n".encode())
    os.close(address_pipe)
    sys.stdin.buffer.read()
    os._exit(0)  # not a return: the server's destructor may wait for its threads forever


if __name__ == "__main__":
    serve(Settings(**json.loads(sys.argv[1])))
