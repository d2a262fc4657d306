"""Serves a model with an adapter by llama.cpp's own server until stdin ends; prints its address.

Arguments: path of the model, path of the adapter.
"""

from __future__ import annotations

import os
import sys

import xllamacpp


def main(model: str, adapter: str) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = 1
    params.n_ctx = 512
    params.offline = True
    params.ui = False
    params.verbosity = 0
    lora = xllamacpp.CommonAdapterLoraInfo()
    lora.path, lora.scale = adapter, 1.0
    params.lora_adapters = [lora]
    address = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    server = xllamacpp.Server(params)
    os.write(address, f"{server.listening_address}\n".encode())
    sys.stdin.buffer.read()
    os._exit(0)  # the server's destructor may wait for its threads forever


if __name__ == "__main__":
    main(*sys.argv[1:])
