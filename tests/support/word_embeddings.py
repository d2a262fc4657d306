"""A fast embedding model for tests: texts that share words are similar."""

from __future__ import annotations

import hashlib
import re
from typing import ClassVar

import numpy as np
from langchain_core.embeddings import Embeddings


class WordEmbeddings(Embeddings):
    """Sums a fixed random vector for each word of a text."""

    cogenesis_local: ClassVar[bool] = True

    def __init__(self, dimensions: int = 32, seed: int = 0) -> None:
        self.dimensions = dimensions
        self.seed = seed
        self.embedded: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += texts
        return [self._embed(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self._embed(text)

    def _embed(self, text: str) -> list[float]:
        words = re.findall(r"\w+", text.lower()) or [""]
        vector = sum((self._direction(word) for word in words), np.zeros(self.dimensions))
        return [float(number) for number in vector / np.linalg.norm(vector)]

    def _direction(self, word: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
        generator = np.random.default_rng([self.seed, int.from_bytes(digest, "big")])
        return generator.standard_normal(self.dimensions)
