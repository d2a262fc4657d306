"""A template is completed by llama.cpp and by transformers over the same weights."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from support.completing import GREEDY, task

from cogenesis_langchain.collaboration.completion.completer import Completion, TemplateCompleter
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.models.local.transformers import TransformersModel
from cogenesis_langchain.training.base_model import open_base

pytestmark = pytest.mark.real

MODEL = "smollm2-135m-instruct"
LETTER = """Dear [landlord's name],

I am writing to you about the heating in the flat that I rent from you with my family. It is cold.

It broke on [first day of the failure]. Please come and have a look at it as soon as you can."""
NOTES = (
    "My name is Ada Zorn. Landlord: Mr Iven Prokop. The boiler stopped on 9 January. "
    "The flat has 12 degrees."
)


BEGINNINGS = (b"Dear Mr. Prokop,\n\nI rent from you the flat that", b"The capital of France is")


def test_both_token_models_complete_a_template() -> None:
    """Their arithmetic differs a little from one processor to another, and so may single words."""
    distributions: list[list[np.ndarray]] = []
    for model in (LlamaCppModel(MODEL, n_ctx=4096), TransformersModel(*open_base(MODEL))):
        tokens = model.tokens()
        following = [tokens.next_logprobs(tokens.encode(text)) for text in BEGINNINGS]
        distributions.append([np.exp(logprobs) for logprobs in following])
        completer = TemplateCompleter(tokens, model.tokens())
        asked = task(LETTER, NOTES, details="Ask for a repair by 20 March.")
        *_, done = completer.stream(asked, GREEDY)
        assert isinstance(done, Completion)
        text = "".join(span.text for span in done.spans)
        assert "Prokop" in text and "I rent from you" in text and "as soon as you can" in text
    for first, second in zip(*distributions, strict=True):
        assert first.argmax() == second.argmax()
        assert 0.5 * np.abs(first - second).sum() < 0.15, "total variation"


def test_a_cache_that_nobody_uses_any_more_frees_its_memory() -> None:
    tokens = LlamaCppModel(MODEL, n_ctx=1024).tokens()
    tokens.next_logprobs(tokens.encode(b"Dear"))
    context = tokens._cache._context
    assert context.ctx is not None
    del tokens
    gc.collect()
    assert context.ctx is None
