"""Small HTTP servers on loopback that speak the dialects of scoring servers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cogenesis_langchain.models.scoring.scores import TopK

Answer = tuple[int, object]
Route = Callable[[dict[str, Any]], Answer]
Score = Callable[[Sequence[int], int, int], list[TopK]]
"""Returns the top-k after ``ids[:i]`` for i in start..len(ids), given ids, start and k."""


class Recorded:
    """A request as the server received it."""

    def __init__(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.method, self.path, self.body, self.headers = method, path, body, headers


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect."""


class ScoringServer:
    """Serves routes on a free port and keeps every request.

    Args:
        routes: By method and path.
        delay: Seconds added to each answer, as by a slow network.
    """

    def __init__(self, routes: Mapping[str, Route], *, delay: float = 0.0) -> None:
        self.requests: list[Recorded] = []
        self.delay = delay
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one write per answer; two would wait for the first one's ACK

            def do_GET(self) -> None:
                self._answer("GET")

            def do_POST(self) -> None:
                self._answer("POST")

            def _answer(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append(Recorded(method, self.path, body, dict(self.headers)))
                route = routes.get(f"{method} {self.path}")
                missing: Answer = (404, {"error": "no such path"})
                status, answer = route(json.loads(body) if body else {}) if route else missing
                time.sleep(outer.delay)
                payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)
                self.wfile.flush()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"


@contextmanager
def serving(routes: Mapping[str, Route], *, delay: float = 0.0) -> Iterator[ScoringServer]:
    server = ScoringServer(routes, delay=delay)
    thread = threading.Thread(target=server._server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server._server.shutdown()
        server._server.server_close()
        thread.join()


def _pairs(topk: TopK) -> list[tuple[int, float]]:
    return [(int(token), float(p)) for token, p in zip(topk.ids, topk.logprobs, strict=True)]


def vllm(score: Score, encode: Callable[[str], list[int]], window: int = 512) -> dict[str, Route]:
    """vLLM: the top-k and the prompt's own token, whatever its rank."""

    def entries(top: TopK, k: int, own: int) -> dict[str, object]:
        ranked = enumerate(_pairs(top), start=1)
        return {
            str(token): {"logprob": p, "rank": rank, "decoded_token": "?"}
            for rank, (token, p) in ranked
            if rank <= k or token == own
        }

    def complete(body: dict[str, Any]) -> Answer:
        ids, k = body.get("prompt"), body.get("prompt_logprobs")
        if not isinstance(ids, list) or k is None:
            return 400, {"error": "this test server takes token ids"}
        everything = 10**9 if len(ids) < 64 else k
        tops = score(ids, 1, everything)
        prompt = [None, *(entries(top, k, ids[i + 1]) for i, top in enumerate(tops[:-1]))]
        last = {f"token_id:{token}": p for token, p in _pairs(tops[-1])[: body["logprobs"]]}
        choice = {"prompt_logprobs": prompt, "logprobs": {"top_logprobs": [last]}}
        return 200, {"choices": [choice]}

    def tokenize(body: dict[str, Any]) -> Answer:
        text = body.get("prompt") or "".join(turn["content"] for turn in body.get("messages", []))
        return 200, {"tokens": encode(text), "count": 0}

    return {
        "POST /v1/completions": complete,
        "POST /tokenize": tokenize,
        "GET /v1/models": lambda _: (200, {"data": [{"max_model_len": window}]}),
    }


def sglang(score: Score, encode: Callable[[str], list[int]]) -> dict[str, Route]:
    """SGLang's native endpoint: triples, with an empty first position."""

    def generate(body: dict[str, Any]) -> Answer:
        ids, begin, k = body["input_ids"], body["logprob_start_len"], body["top_logprobs_num"]
        tops = [[[p, t, None] for t, p in _pairs(top)] for top in score(ids, begin + 1, k)]
        info = {"input_top_logprobs": [None, *tops[:-1]], "output_top_logprobs": [tops[-1]]}
        return 200, {"text": "", "meta_info": info}

    return {
        "POST /generate": generate,
        "POST /tokenize": lambda body: (200, {"tokens": encode(body["prompt"])}),
    }


def llama_server(
    score: Score,
    encode: Callable[[str], list[int]],
    decode: Callable[[int], bytes],
    window: int = 512,
) -> dict[str, Route]:
    """llama.cpp's server: a list of prompts, as ids or text, with one answer each."""

    def one(index: int, prompt: object, k: int) -> dict[str, object]:
        ids = encode(prompt) if isinstance(prompt, str) else prompt
        assert isinstance(ids, list)
        top = [
            {"id": token, "token": "", "bytes": list(decode(token)), "logprob": p}
            for token, p in _pairs(score(ids, len(ids), k)[0])
        ]
        return {"index": index, "completion_probabilities": [{"top_logprobs": top}]}

    def complete(body: dict[str, Any]) -> Answer:
        prompts = body["prompt"]
        answers = [one(index, prompt, body["n_probs"]) for index, prompt in enumerate(prompts)]
        return 200, answers if len(answers) > 1 else answers[0]

    def template(body: dict[str, Any]) -> Answer:
        return 200, {"prompt": "".join(turn["content"] for turn in body["messages"])}

    settings = {"default_generation_settings": {"n_ctx": window}}
    return {
        "GET /props": lambda _: (200, settings),
        "POST /completion": complete,
        "POST /apply-template": template,
        "POST /tokenize": lambda body: (200, {"tokens": encode(body["content"])}),
    }


def echo(
    score: Score,
    encode: Callable[[str], list[int]],
    decode: Callable[[int], bytes],
    *,
    late: bool = False,
    offsets: bool = True,
) -> dict[str, Route]:
    """Text completions with ``echo``: dictionaries by token text, with the prompt's own token.

    With ``late`` it answers as llama_cpp.server does for models without a begin-of-text token: each
    score is next to the token before the one it predicts, and the generated token is left out.
    """

    def read(token: int) -> str:
        return decode(token).decode(errors="ignore")

    def entry(top: TopK, k: int, own: int) -> dict[str, float]:
        best = {read(token): p for token, p in _pairs(top)[:k]}
        return best | {read(own): next(p for token, p in _pairs(top) if token == own)}

    def complete(body: dict[str, Any]) -> Answer:
        if not isinstance(body["prompt"], str):
            return 500, {"error": "this server takes one text"}
        ids, k = encode(body["prompt"]), body["logprobs"]
        tops = score(ids, 1, 10**9)
        generated = int(tops[-1].ids[0])
        if late:
            shown = ids
            scored = [entry(top, k, own) for top, own in zip(tops[1:], ids[1:], strict=True)]
        else:
            shown = [*ids, generated]
            scored = [entry(top, k, own) for top, own in zip(tops, shown[1:], strict=True)]
        logprobs: dict[str, object] = {
            "tokens": [read(token) for token in shown],
            "top_logprobs": [None, *scored],
        }
        if offsets:
            before = [b"".join(map(decode, shown[:count])) for count in range(len(shown))]
            logprobs["text_offset"] = [len(text.decode(errors="ignore")) for text in before]
        text = body["prompt"] + read(generated)
        return 200, {"choices": [{"text": text, "logprobs": logprobs}]}

    return {"POST /v1/completions": complete}


def together(
    score: Score, encode: Callable[[str], list[int]], decode: Callable[[int], bytes]
) -> dict[str, Route]:
    """Together: like ``echo``, with prompt and answer in separate lists."""
    complete = echo(score, encode, decode, offsets=False)["POST /v1/completions"]

    def apart(body: dict[str, Any]) -> Answer:
        _, answer = complete(body)
        assert isinstance(answer, dict)
        whole = answer["choices"][0]["logprobs"]
        prompt = {name: values[:-1] for name, values in whole.items()}
        last = {name: values[-1:] for name, values in whole.items()}
        choice = {"text": last["tokens"][0], "logprobs": last}
        return 200, {"choices": [choice], "prompt": [{"logprobs": prompt}]}

    return {"POST /v1/completions": apart}


@contextmanager
def delayed(upstream: str, seconds: float) -> Iterator[str]:
    """A proxy in front of another server that adds a round trip; yields its URL."""
    import httpx2

    with httpx2.Client(base_url=upstream, trust_env=False, timeout=120.0) as client:

        class Proxy(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_GET(self) -> None:
                self._forward("GET")

            def do_POST(self) -> None:
                self._forward("POST")

            def _forward(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                time.sleep(seconds / 2)
                answer = client.request(method, self.path, content=body)
                time.sleep(seconds / 2)
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)
                self.wfile.flush()

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = _Quiet(("127.0.0.1", 0), Proxy)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
