from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from cogenesis_langchain.agents.tool_grammar import json_grammar
from cogenesis_langchain.errors import (
    ContextTooLong,
    FusionError,
    GrammarError,
    LocalModelError,
)
from cogenesis_langchain.models.base import (
    GenerationOptions,
    LocalTextModel,
    OffersTokens,
    PrivateMessage,
)
from cogenesis_langchain.models.local.transformers import (
    TransformersModel,
    TransformersTokens,
    token_bytes,
)
from cogenesis_langchain.privacy.text import PrivateText

if TYPE_CHECKING:  # imported by the tests: `make fast` does without these
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

pytestmark = pytest.mark.slow

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
IDS = [5, 40, 7, 99, 12, 3, 61, 8]


def fast_tokenizer(raw: Tokenizer, **marks: object) -> PreTrainedTokenizerFast:
    from transformers import PreTrainedTokenizerFast

    made = PreTrainedTokenizerFast(tokenizer_object=raw, **marks)  # type: ignore[no-untyped-call]
    assert isinstance(made, PreTrainedTokenizerFast)
    return made


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(["the theory of the thing"] * 20, trainer)
    fast = fast_tokenizer(raw, eos_token="<|im_end|>", additional_special_tokens=["<|im_start|>"])
    fast.chat_template = TEMPLATE
    return fast


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=300,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=64,
            eos_token_id=1,
        )
    )


def plain(model: LlamaForCausalLM, ids: list[int]) -> NDArray[np.float32]:
    """Without any cache."""
    import torch

    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]
    return np.asarray(torch.log_softmax(logits.float(), -1).numpy())


def test_rolling_back_gives_what_a_fresh_reading_gives(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    local = TransformersTokens(model, tokenizer)
    branches = [IDS, IDS[:5], [*IDS[:5], 200, 201], IDS[:2], [9], [*IDS, 1]]
    for ids in branches:
        assert local.next_logprobs(ids) == pytest.approx(plain(model, ids)[-1], abs=1e-4)


def test_a_known_text_is_read_at_every_position(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    local = TransformersTokens(model, tokenizer)
    for ids, start in ((IDS, 3), ([*IDS[:6], 77], 4), (IDS[:4], 4)):
        found = local.read(ids, start, np.copy)
        wanted = plain(model, ids)[start - 1 :]
        assert len(found) == len(ids) - start + 1
        for row, expected in zip(found, wanted, strict=True):
            assert row == pytest.approx(expected, abs=1e-4)


def test_a_prompt_keeps_control_words_in_content_as_text(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    local = TransformersTokens(model, tokenizer)
    ids = local.encode_chat([PrivateMessage("user", PrivateText("the <|im_end|> thing"))])
    end = tokenizer.get_vocab()["<|im_end|>"]
    assert ids.count(end) == 1
    assert local.decode(ids) == b"user\nthe <|im_end|> thing\nassistant\n"
    assert local.end_tokens == {end}


def test_bytes_survive_a_character_split_over_tokens(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    local = TransformersTokens(model, tokenizer)
    ids = local.encode("thé 🎉".encode())
    assert len(ids) > 5
    assert local.decode(ids) == "thé 🎉".encode()
    assert [local.decode((token,)) for token in ids[-4:]] == [b"\xf0", b"\x9f", b"\x8e", b"\x89"]


def test_a_sequence_beyond_the_window_is_refused(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    with pytest.raises(ContextTooLong):
        TransformersTokens(model, tokenizer).next_logprobs([1] * 65)


def test_bytes_of_a_sentencepiece_vocabulary() -> None:
    raw = Tokenizer(models.BPE(vocab={"▁the": 0, "<0xC3>": 1, "é": 2}, merges=[]))
    raw.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    pieces = token_bytes(fast_tokenizer(raw))
    assert pieces == {0: b" the", 1: b"\xc3", 2: "é".encode()}


def test_other_tokenizers_are_refused() -> None:
    raw = Tokenizer(models.WordLevel(vocab={"the": 0}, unk_token="the"))
    with pytest.raises(FusionError, match="byte-level"):
        token_bytes(fast_tokenizer(raw))


MESSAGES = [PrivateMessage("user", PrivateText("the thing"))]


def written(local: TransformersModel, options: GenerationOptions) -> str:
    return "".join(chunk.text for chunk in local.stream(MESSAGES, options))


def test_the_model_writes_text_and_offers_tokens(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    local = TransformersModel(model, tokenizer)
    assert isinstance(local, LocalTextModel) and isinstance(local, OffersTokens)
    assert local.name == "LlamaForCausalLM"
    one, other = local.tokens(), local.tokens()
    assert one.next_logprobs(IDS) == pytest.approx(other.next_logprobs(IDS))


def test_greedy_text_is_that_of_the_most_probable_tokens(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    local = TransformersModel(model, tokenizer)
    tokens = local.tokens()
    prompt = tokens.encode_chat(MESSAGES)
    ids = list(prompt)
    for _ in range(12):
        ids.append(int(plain(model, ids)[-1].argmax()))
    chunks = list(local.stream(MESSAGES, GenerationOptions(max_tokens=12, temperature=0.0)))
    wanted = tokens.decode(ids[len(prompt) :]).decode(errors="replace")
    assert "".join(chunk.text for chunk in chunks) == wanted
    assert chunks[-1].finish_reason == "length"
    assert (chunks[-1].usage.input_tokens, chunks[-1].usage.output_tokens) == (len(prompt), 12)


def test_a_seed_repeats_the_text_and_another_changes_it(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    local = TransformersModel(model, tokenizer)
    options = [GenerationOptions(max_tokens=16, temperature=1.0, seed=seed) for seed in (1, 1, 2)]
    first, again, other = (written(local, one) for one in options)
    assert first == again != other


def test_a_stop_string_ends_the_text_and_an_excluded_character_is_not_written(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    local = TransformersModel(model, tokenizer)
    options = GenerationOptions(max_tokens=24, temperature=1.0, seed=3)
    free = written(local, options)
    middle = len(free) // 2
    stopped = replace(options, stop=(free[middle : middle + 2],))
    chunks = list(local.stream(MESSAGES, stopped))
    assert "".join(chunk.text for chunk in chunks) == free[: free.index(stopped.stop[0])]
    assert chunks[-1].finish_reason == "stop"
    letter = next(character for character in free if character.isascii() and character.isalnum())
    assert letter not in written(local, replace(options, excluded=letter))


def test_a_grammar_constrains_the_text(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    grammar = json_grammar({"enum": ["the thing", "the theory"]})
    for temperature in (0.0, 1.0):
        options = GenerationOptions(max_tokens=30, temperature=temperature, grammar=grammar)
        answer = written(TransformersModel(model, tokenizer), options)
        assert json.loads(answer) in ("the thing", "the theory")


def test_a_bad_grammar_and_a_prompt_that_does_not_fit_are_refused(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    local = TransformersModel(model, tokenizer)
    with pytest.raises(GrammarError):
        local.stream(MESSAGES, GenerationOptions(max_tokens=4, grammar="not a grammar"))
    for start in (local.stream, local.prefill):
        with pytest.raises(ContextTooLong):
            start(MESSAGES, GenerationOptions(max_tokens=64))


def test_a_failure_of_the_model_is_told_and_the_next_call_works(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = TransformersTokens(model, tokenizer)
    expected = tokens.next_logprobs(IDS)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory while reading: the thing")

    with monkeypatch.context() as patch:
        patch.setattr(model, "forward", fail)
        with pytest.raises(LocalModelError) as caught:
            tokens.next_logprobs([*IDS, 4])
    assert "thing" not in str(caught.value) and caught.value.__cause__ is None
    assert tokens.next_logprobs(IDS) == pytest.approx(expected, abs=1e-4)
