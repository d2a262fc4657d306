from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from support.tiny_models import PIECES, TinyModel, TinyScorer, Transformer, tiny_verifier

from cogenesis_langchain.errors import CloudAnswerInvalid, CloudRefused
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.fusion.verification.alignment import Alignment
from cogenesis_langchain.fusion.verification.verifier import AlignedVerifier, TokenVerifier
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage
from cogenesis_langchain.models.decoding.logits import top_k
from cogenesis_langchain.models.scoring.scores import StringTopK, TopK
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.privacy.views.disclosure import OpenDisclosure, PublicTokens
from cogenesis_langchain.prompts import PublicTemplate

LOCAL = np.full(len(PIECES), 1 / len(PIECES))
PROMPT = PublicText.compose(PublicTemplate("cb"))


def test_ids_beyond_the_local_vocabulary_are_dropped() -> None:
    class Padded(TinyScorer):
        def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
            beyond = TopK(np.array([len(PIECES) + 5, 1]), np.log([0.6, 0.3]))
            return [beyond] * (len(sequence) - start + 1)

    view = tiny_verifier(Padded()).verify((0,), ())[0](LOCAL)
    assert view is not None
    assert view.ids.tolist() == [1]


def test_a_position_with_nothing_in_the_local_vocabulary_is_left_to_the_local_model() -> None:
    class Foreign(TinyScorer):
        def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
            beyond = TopK(np.array([len(PIECES)]), np.log([0.9]))
            return [beyond] * (len(sequence) - start + 1)

    assert tiny_verifier(Foreign()).verify((0,), ())[0](LOCAL) is None


def test_a_scorer_that_answers_too_few_positions_is_refused() -> None:
    class Short(TinyScorer):
        def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
            return super().score(sequence, start, k)[:-1]

    with pytest.raises(CloudAnswerInvalid):
        tiny_verifier(Short()).verify((0,), (1, 2))


def test_a_sequence_beyond_the_window_is_not_sent() -> None:
    scorer = TinyScorer()
    scorer.window = 4
    with pytest.raises(CloudRefused, match="window"):
        tiny_verifier(scorer).verify((0, 1), ())
    assert scorer.requests == []


def test_k_is_capped_at_the_scorers_maximum() -> None:
    class Modest(TinyScorer):
        max_k = 2

    view = tiny_verifier(Modest(), k=20).verify((0,), ())[0](LOCAL)
    assert view is not None
    assert len(view.ids) == 2


def test_only_the_border_can_create_public_tokens() -> None:
    with pytest.raises(TypeError):
        PublicTokens((1, 2), seal=object())  # type: ignore[arg-type]


class TextCloud:
    """A `TextScorer` with its own vocabulary of letters."""

    max_k = 20

    def __init__(self, answered: int | None = None) -> None:
        self._transformer = Transformer(2)
        self._answered = answered
        self.asked: list[list[str]] = []

    def score_text(self, prefixes: Sequence[PublicText], k: int) -> list[StringTopK]:
        self.asked.append([str(prefix) for prefix in prefixes])
        return [self._after(str(prefix), k) for prefix in prefixes[: self._answered]]

    def _after(self, text: str, k: int) -> StringTopK:
        ids = [letter.encode()[0] % 5 for letter in text]
        topk = top_k(self._transformer.logits(ids), k)
        pairs = list(zip((PIECES[int(i)] for i in topk.ids), topk.logprobs, strict=True))
        whole = [(piece, logprob) for piece, logprob in pairs if piece and piece[0] < 0x80]
        ends = [logprob for piece, logprob in pairs if not piece]
        return StringTopK(
            tuple(piece for piece, _ in whole),
            np.array([logprob for _, logprob in whole]),
            float(ends[0]) if ends else None,
        )


def aligned(cloud: TextCloud, model: TinyModel | None = None) -> AlignedVerifier:
    model = model or TinyModel()
    shown = OpenDisclosure(model.decode)
    return AlignedVerifier(cloud, PROMPT, local=model, alignment=Alignment(model), disclosure=shown)


def test_the_text_up_to_each_local_token_is_scored() -> None:
    cloud = TextCloud()
    views = aligned(cloud).verify((0, 1), (3, 4))
    assert cloud.asked == [["cbab", "cbab ", "cbab ab"]]
    assert len(views) == 3


def test_inside_a_character_the_cloud_has_no_vote() -> None:
    cloud = TextCloud()
    views = aligned(cloud).verify((0,), (5, 6))
    assert cloud.asked == [["cba", "cbaé"]]
    assert [view(LOCAL) is None for view in views] == [False, True, False]


def test_nothing_is_sent_if_every_position_is_inside_a_character() -> None:
    cloud = TextCloud()
    views = aligned(cloud).verify((0, 5), ())
    assert cloud.asked == []
    assert [view(LOCAL) for view in views] == [None]


def test_positions_after_an_unanswered_one_wait_for_the_next_request() -> None:
    assert len(aligned(TextCloud(answered=2)).verify((0,), (5, 6, 1))) == 3
    with pytest.raises(CloudAnswerInvalid):
        aligned(TextCloud(answered=0)).verify((0,), (1,))


@pytest.mark.parametrize("answered", [None, 1, 3])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_fusion_across_tokenizers_does_not_depend_on_how_much_is_answered(
    answered: int | None, temperature: float
) -> None:
    """Answering fewer positions costs requests but changes no token."""

    def text(cloud: TextCloud) -> Trace:
        model = TinyModel(ends=False)
        options = GenerationOptions(max_tokens=40, temperature=temperature, top_p=1.0, seed=5)
        messages = [PrivateMessage("user", PrivateText("abc"))]
        return Trace.of(
            FusedDecoder(model, operator="mean").stream(messages, aligned(cloud, model), options)
        )

    whole, part = text(TextCloud()), text(TextCloud(answered))
    assert [token.id for token in part.tokens] == [token.id for token in whole.tokens]
    assert whole.report.fallback is part.report.fallback is None


def test_a_token_verifier_knows_the_clouds_end_tokens() -> None:
    scorer = TinyScorer()
    scorer.end_tokens = frozenset({3})
    verifier: TokenVerifier = tiny_verifier(scorer)
    assert verifier.end_tokens == {3}
