"""Child process that serves block scores of the large model over HTTP, in SGLang's dialect.

Prints its address and serves until stdin is closed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fusion_pair import Pair
from support.scoring_servers import serving, sglang

from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.disclosure import PublicTokens
from cogenesis_langchain.prompts import PublicTemplate

PUBLIC = [PublicText.compose(PublicTemplate("what the client sent"))]


def main() -> None:
    pair = Pair()
    scorer = pair.scorer

    def score(ids: Sequence[int], start: int, k: int) -> list[TopK]:
        return scorer.score(PublicTokens.of(PUBLIC, lambda _: ids), start, min(k, 32))

    def encode(text: str) -> list[int]:
        ids: list[int] = pair.large.weights.tokenize(text.encode(), add_bos=False, special=True)
        return ids

    with serving(sglang(score, encode)) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
