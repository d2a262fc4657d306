"""Opening a verifier on a server: chat template, and token ids or text."""

from __future__ import annotations

import numpy as np
import pytest
from support.scoring_servers import echo, llama_server, serving, sglang
from support.tiny_endpoint import Log, decode, encode, endpoint, public, score
from support.tiny_models import PIECES, TinyModel

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.verification.open_verifier import open_verifier, same_tokenizer
from cogenesis_langchain.models.base import PublicMessage
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.disclosure import OpenDisclosure
from cogenesis_langchain.prompts import PublicTemplate


def test_the_servers_chat_template_is_applied_without_sending_the_text() -> None:
    log = Log()
    text = PublicText.compose(PublicTemplate("what the user asks"))
    with serving(llama_server(score, encode, decode)) as server:
        cloud = endpoint(server.url, log, chat_format=None)
        assert str(cloud.render([PublicMessage("user", text)])) == "what the user asks"
    assert log.ledger.entries
    assert not any(b"asks" in entry.payload for entry in log.ledger.entries)


def test_without_any_chat_template_the_error_names_a_remedy() -> None:
    with serving(echo(score, encode, decode)) as server:
        cloud = endpoint(server.url, chat_format=None)
        with pytest.raises(FusionError, match="chat template"):
            cloud.render([PublicMessage("user", public("a"))])


def test_chatml_marks_the_turns() -> None:
    with serving({}) as server:
        prompt = endpoint(server.url).render(
            [PublicMessage("system", public("a")), PublicMessage("user", public("b"))]
        )
    assert str(prompt) == (
        "<|im_start|>system\na<|im_end|>\n<|im_start|>user\nb<|im_end|>\n<|im_start|>assistant\n"
    )


class SameTokenizer(TinyModel):
    def encode(self, text: bytes) -> list[int]:
        return encode(text.decode())


def test_a_shared_tokenizer_is_verified_by_ids_and_another_by_text() -> None:
    messages = [PublicMessage("user", public("ab"))]
    with serving(llama_server(score, encode, decode)) as server:
        cloud = endpoint(server.url)
        assert same_tokenizer(cloud, SameTokenizer())
        kinds = []
        for model in (SameTokenizer(), OtherTokenizer()):
            opened = OpenDisclosure(model.decode)
            verifier = open_verifier(cloud, model, messages, disclosure=opened)
            kinds.append(type(verifier).__name__)
            local = np.full(len(PIECES), 1 / len(PIECES))
            assert verifier.verify((0,), (1, 2))[0](local) is not None
    assert kinds == ["TokenVerifier", "AlignedVerifier"]


class OtherTokenizer(SameTokenizer):
    def encode(self, text: bytes) -> list[int]:
        return [0] if len(text) > 20 else super().encode(text)


def test_another_tokenizer_is_refused_by_a_server_that_scores_only_ids() -> None:
    messages = [PublicMessage("user", public("ab"))]
    with (
        serving(sglang(score, encode)) as server,
        pytest.raises(FusionError, match="different tokenizers"),
    ):
        opened = OpenDisclosure(OtherTokenizer().decode)
        open_verifier(endpoint(server.url), OtherTokenizer(), messages, disclosure=opened)
