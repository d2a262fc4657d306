from __future__ import annotations

import gzip
import http.client
import socket
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import zstandard

from cogenesis_langchain.testing import EgressRecorder, behaviours
from cogenesis_langchain.testing.exchange import Exchange


def post(
    recorder: EgressRecorder, body: bytes, headers: dict[str, str] | None = None, path: str = "/x"
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(*recorder.address)
    try:
        connection.request("POST", path, body, headers or {})
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


def test_every_byte_is_kept() -> None:
    sent = (
        b"POST /v1/x?q=%20 HTTP/1.1\r\nHost: h\r\nX-Odd:   a  b\r\nContent-Length: 4\r\n\r\nab\0c"
    )
    with EgressRecorder() as recorder, socket.create_connection(recorder.address) as wire:
        wire.sendall(sent)
        assert wire.recv(100).startswith(b"HTTP/1.1 200")
    (request,) = recorder.requests
    assert request.head + request.body == sent
    assert (request.method, request.target) == ("POST", "/v1/x?q=%20")
    assert ("X-Odd", "a  b") in request.headers


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
        ("identity", bytes),
    ],
)
def test_compressed_bodies_can_be_searched(encoding: str, encode: object) -> None:
    body = encode(b"the canary") if callable(encode) else b""
    with EgressRecorder() as recorder:
        post(recorder, body, {"Content-Encoding": encoding})
    (request,) = recorder.requests
    assert request.body == body and request.content == b"the canary"
    assert b"the canary" in recorder.received


def test_chunked_bodies_are_joined() -> None:
    chunked = b"3\r\nthe\r\n7;x=y\r\n canary\r\n0\r\nX-Trailer: 1\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    with EgressRecorder() as recorder, socket.create_connection(recorder.address) as wire:
        wire.sendall(head + chunked)
        wire.recv(100)
    assert recorder.requests[0].body == b"the canary"


def test_any_method_is_recorded_also_proxy_requests() -> None:
    with EgressRecorder() as recorder:
        for line in (b"CONNECT other.test:443 HTTP/1.1", b"GET http://other.test/ HTTP/1.1"):
            with socket.create_connection(recorder.address) as wire:
                wire.sendall(line + b"\r\nHost: other.test\r\n\r\n")
                assert wire.recv(100)
    assert [request.target for request in recorder.requests] == [
        "other.test:443",
        "http://other.test/",
    ]


def test_behaviours_run_in_order_and_the_last_one_repeats() -> None:
    with EgressRecorder(behaviours.status(500), behaviours.status(404)) as recorder:
        assert [post(recorder, b"").status for _ in range(3)] == [500, 404, 404]
        recorder.play(behaviours.status(201))
        assert post(recorder, b"").status == 201
        recorder.clear()
        assert recorder.requests == () and recorder.received == b""


def test_many_callers_are_served_at_once() -> None:
    def slowly(exchange: Exchange) -> None:
        exchange.wait(0.2)
        exchange.answer(200, b"")

    bodies = [f"caller {number}".encode() for number in range(64)]
    started = time.monotonic()
    with EgressRecorder(slowly) as recorder, ThreadPoolExecutor(64) as pool:
        list(pool.map(lambda body: post(recorder, body), bodies))
    assert time.monotonic() - started < 64 * 0.2 / 2
    assert sorted(request.body for request in recorder.requests) == sorted(bodies)


@pytest.mark.parametrize(
    "behaviour", [behaviours.stall(), behaviours.drip(pause=60), behaviours.hang_up()]
)
def test_stopping_ends_open_requests(behaviour: behaviours.Behaviour) -> None:
    with EgressRecorder(behaviour) as recorder:
        wire = socket.create_connection(recorder.address)
        wire.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        time.sleep(0.05)
        started = time.monotonic()
    assert time.monotonic() - started < 20.0
    wire.close()
