from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import numpy as np
import pytest
from support import tiny_endpoint
from support.in_process_scorer import LlamaCppScorer

from cogenesis_langchain.errors import ContextTooLong
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.fusion.verification.open_verifier import open_verifier
from cogenesis_langchain.fusion.verification.verifier import AlignedVerifier, TokenVerifier
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage, PublicMessage
from cogenesis_langchain.models.cloud.stand_in import StandInCloud
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens
from cogenesis_langchain.models.scoring.chat_formats import ChatFormat, chatml
from cogenesis_langchain.models.scoring.endpoint import CompletionsEndpoint
from cogenesis_langchain.models.scoring.scorers import HttpBlockScorer, HttpTextScorer
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.privacy.views.disclosure import OpenDisclosure, PublicTokens
from cogenesis_langchain.prompts import PublicTemplate

pytestmark = pytest.mark.real

SMALLEST = "smollm2-135m-instruct"
ASKED = PublicText.compose(PublicTemplate("Thank a friend for a present in two sentences."))
CLOUD = [PublicMessage("user", ASKED)]
LOCAL = [
    PrivateMessage("user", PrivateText(f"The present was a red bicycle bell from Ines.\n{ASKED}"))
]
GREEDY = GenerationOptions(max_tokens=24, temperature=0.0)


def endpoint(url: str, *, chat_format: ChatFormat | None = None) -> CompletionsEndpoint:
    return tiny_endpoint.endpoint(url, model=SMALLEST, chat_format=chat_format, timeout=300.0)


def ids_of(model: LlamaCppModel, text: str) -> PublicTokens:
    ids = LlamaCppTokens(model, window=64).encode(text.encode())
    return PublicTokens.of([ASKED], lambda _: ids)


def test_rolling_back_is_the_same_to_the_last_bit(tiny_local_model: LlamaCppModel) -> None:
    tokens = LlamaCppTokens(tiny_local_model, window=256)
    prompt = tokens.encode_chat(LOCAL)
    first = tokens.next_logprobs(prompt)
    for draft in ([5, 6, 7], [5, 9], [5]):
        for count in range(1, len(draft) + 1):
            tokens.next_logprobs([*prompt, *draft[:count]])
    again = LlamaCppTokens(tiny_local_model, window=256)
    assert (tokens.next_logprobs(prompt) == first).all()
    assert (tokens.next_logprobs([*prompt, 5]) == again_after(again, prompt, 5)).all()
    assert np.exp(first).sum() == pytest.approx(1.0, abs=1e-4)


def again_after(tokens: LlamaCppTokens, prompt: list[int], token: int) -> object:
    tokens.next_logprobs(prompt)
    return tokens.next_logprobs([*prompt, token])


def test_a_block_scores_what_its_tokens_score_one_by_one(tiny_local_model: LlamaCppModel) -> None:
    scorer = LlamaCppScorer(tiny_local_model, window=256, together=1)
    sequence = ids_of(tiny_local_model, "Dear Ines, thank you for the bell")
    block = scorer.score(sequence, 3, 10)
    single = LlamaCppScorer(tiny_local_model, window=256)
    single.score(PublicTokens.of([ASKED], lambda _: sequence.ids[:3]), 3, 10)
    for end, found in enumerate(block, start=3):
        part = PublicTokens.of([ASKED], lambda _, end=end: sequence.ids[:end])  # type: ignore[misc]
        wanted = single.score(part, end, 10)[0]
        assert found.ids.tolist() == wanted.ids.tolist()
        assert (found.logprobs == wanted.logprobs).all()


def test_a_window_too_small_is_refused(tiny_local_model: LlamaCppModel) -> None:
    with pytest.raises(ContextTooLong):
        LlamaCppTokens(tiny_local_model, window=256).next_logprobs([1] * 257)


def test_control_words_in_text_stay_text(tiny_local_model: LlamaCppModel) -> None:
    tokens = LlamaCppTokens(tiny_local_model, window=64)
    ids = tokens.encode("<|im_end|> 🎉".encode())
    assert not set(ids) & tokens.end_tokens
    assert tokens.decode(ids) == "<|im_end|> 🎉".encode()


def test_llama_server_scores_a_block_as_the_model_does_in_process(
    tiny_local_model: LlamaCppModel,
) -> None:
    sequence = ids_of(tiny_local_model, "Dear Ines, thank you for the bell")
    with StandInCloud(SMALLEST, n_parallel=1, n_ctx=256) as server:
        cloud = endpoint(server.base_url)
        able = cloud.probe()
        found = HttpBlockScorer(cloud).score(sequence, 3, 10)
    assert able.tokens is not None and able.tokens.name == "llama-server"
    assert able.window == 256
    assert able.end_tokens
    wanted = LlamaCppScorer(tiny_local_model, window=256, together=1).score(sequence, 3, 10)
    for one, other in zip(found, wanted, strict=True):
        assert one.ids[0] == other.ids[0]
        assert np.exp(one.logprobs[:3]) == pytest.approx(np.exp(other.logprobs[:3]), abs=0.05)


def test_greedy_blocks_over_llama_server_write_what_one_request_a_token_writes(
    tiny_local_model: LlamaCppModel,
) -> None:
    tokens = LlamaCppTokens(tiny_local_model, window=256)
    with StandInCloud(SMALLEST, n_parallel=1, n_ctx=256) as server:
        cloud = endpoint(server.base_url)
        verifier = open_verifier(cloud, tokens, CLOUD, disclosure=OpenDisclosure(tokens.decode))
        assert isinstance(verifier, TokenVerifier)
        trace = Trace.of(FusedDecoder(tokens, operator="mean").stream(LOCAL, verifier, GREEDY))
        one_by_one: list[int] = []
        for _ in trace.tokens:
            local = np.exp(tokens.next_logprobs([*tokens.encode_chat(LOCAL), *one_by_one]))
            view = verifier.verify(one_by_one, ())[0](local.astype(np.float64))
            one_by_one.append(fused_argmax(local.astype(np.float64), view, one_by_one))
    assert trace.report.requests < trace.report.tokens
    assert trace.report.fallback is None
    assert [token.id for token in trace.tokens] == one_by_one


def fused_argmax(
    local: np.ndarray[tuple[int, ...], np.dtype[np.float64]], view: object, text: list[int]
) -> int:
    from cogenesis_langchain.fusion.operators import Mixture
    from cogenesis_langchain.fusion.position import Position, complete
    from cogenesis_langchain.models.scoring.scores import TopK

    assert isinstance(view, TopK)
    local = local / local.sum()
    fused = Mixture().fuse(Position(local, complete(view, local))).probabilities
    return int(PresencePenalty().apply(fused, text).argmax())


def test_a_local_model_with_another_tokenizer_writes_with_the_stand_in(
    tiny_local_model: LlamaCppModel,
) -> None:
    tokens = LlamaCppTokens(tiny_local_model, window=256)
    with StandInCloud(n_parallel=1, n_ctx=256) as server:
        cloud = endpoint(server.base_url)
        verifier = open_verifier(cloud, tokens, CLOUD, disclosure=OpenDisclosure(tokens.decode))
        assert isinstance(verifier, AlignedVerifier)
        trace = Trace.of(FusedDecoder(tokens, operator="mean").stream(LOCAL, verifier, GREEDY))
    assert trace.report.fallback is None
    assert trace.report.requests < trace.report.tokens
    assert len(trace.text) > 10
    fused = [token for token in trace.tokens if token.source != "local"]
    assert len(fused) > 0.8 * len(trace.tokens)


@contextmanager
def llama_cpp_server(n_ctx: int) -> Iterator[str]:
    """`llama_cpp.server`, which scores a block by ``echo``; slow, so the window is small."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--host", "127.0.0.1"]
    settings = {"model": catalog.fetch(SMALLEST), "port": port, "n_ctx": n_ctx, "logits_all": True}
    for name, value in settings.items():
        command += [f"--{name}", str(value)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(240):
            try:
                httpx2.get(f"{url}/v1/models", trust_env=False)
                break
            except httpx2.TransportError:
                assert child.poll() is None, "llama_cpp.server ended while starting"
                time.sleep(0.5)
        yield url
    finally:
        child.kill()
        child.wait()


def test_llama_cpp_server_scores_a_block_by_echo(tiny_local_model: LlamaCppModel) -> None:
    texts = ["Dear Ines, thank you", "Dear Ines, thank you for", "Dear Ines, thank you for the"]
    prefixes = [PublicText.compose(PublicTemplate(text)) for text in texts]
    with llama_cpp_server(n_ctx=32) as url:
        cloud = endpoint(url, chat_format=chatml)
        able = cloud.probe()
        assert able.tokens is None
        assert able.texts is not None and able.texts.name == "echo"
        found = HttpTextScorer(cloud).score_text(prefixes, 10)
    assert len(found) == 3
    tokens = LlamaCppTokens(tiny_local_model, window=64)
    for text, answer in zip(texts, found, strict=True):
        logprobs = tokens.next_logprobs(tokens.encode(text.encode()))
        best = tokens.decode((int(logprobs.argmax()),))
        assert answer.strings[0] == best
        assert answer.logprobs[0] == pytest.approx(float(logprobs.max()), abs=0.3)
