"""Speed of sketch-fill against llama-cpp-python, reuse of the prompt cache, and overlap."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.documents import Document
from langchain_core.language_models.chat_models import SimpleChatModel
from langchain_core.messages import BaseMessage
from langchain_core.retrievers import BaseRetriever
from langchain_openai import ChatOpenAI
from rich.console import Console
from rich.table import Table

from cogenesis_langchain import ChatCoGenesis, LlamaCppModel, MemoryLedger
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.models.cloud.stand_in import open_cloud
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.sketch.outline import request_outline

PERSONA = Path(__file__).parent.parent.parent / "examples" / "persona"
INSTRUCTION = "Write a letter to my landlord about a heating system that keeps failing."
OTHER_INSTRUCTION = "Write a note to my choir about the next rehearsal."
OUTLINE = """1. greeting by name
2. reason for writing
3. what has failed
4. since when
5. what it costs
6. what I tried
7. what I ask for
8. by which day
9. thanks and close"""
TOKENS = 96
ROUNDS = 3


class Documents(BaseRetriever):
    """A retriever that always returns all of the persona's documents."""

    cogenesis_local: ClassVar[bool] = True

    texts: Sequence[str]

    def _get_relevant_documents(self, query: str, *, run_manager: object) -> list[Document]:
        return [Document(page_content=text) for text in self.texts]


class RemoteCloud(SimpleChatModel):
    """A cloud model on another machine: it takes time, but no CPU of this machine."""

    seconds: float

    @property
    def _llm_type(self) -> str:
        return "remote"

    def _call(self, messages: list[BaseMessage], *_: Any, **__: Any) -> str:
        time.sleep(self.seconds)
        return OUTLINE


class RecordingLocal:
    """Wraps the local model and keeps the last complete prompt."""

    def __init__(self, model: LlamaCppModel) -> None:
        self.model = model
        self.name = model.name
        self.prompt: Sequence[PrivateMessage] = ()

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        self.model.prefill(messages, options)

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        self.prompt = messages
        return self.model.stream(messages, options)


def context() -> list[str]:
    names = ("profile.md", "tenancy_renewal_letter.txt", "activity_log.txt")
    return [(PERSONA / name).read_text() for name in names]


def chat(local: RecordingLocal, cloud: Any, texts: Sequence[str], **settings: Any) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=cloud,
        local=local,
        retriever=Documents(texts=texts),
        ledger=MemoryLedger(),
        temperature=0.0,
        cloud_timeout=600,
        **settings,
    )


def first_token(model: ChatCoGenesis, instruction: str) -> float:
    """Seconds until the first piece of text."""
    start = time.perf_counter()
    stream = model.stream(instruction)
    next(stream)
    elapsed = time.perf_counter() - start
    stream.close()  # type: ignore[attr-defined]  # a generator
    return elapsed


def clear_cache(local: RecordingLocal) -> None:
    """Replace the content of the local model's prompt cache."""
    other = [PrivateMessage("user", PrivateText("Something else."))]
    list(local.model.stream(other, GenerationOptions(max_tokens=1)))


def speed(local: RecordingLocal) -> tuple[float, float]:
    """Tokens per second: `stream`, and `create_completion` on the same prompt."""
    model = chat(local, RemoteCloud(seconds=0), context(), max_tokens=TOKENS)
    ours, peer = [], []
    for _ in range(ROUNDS):
        start = 0.0
        for chunk in model.stream(INSTRUCTION):
            start = start or time.perf_counter()
            last = chunk
        assert last.usage_metadata is not None
        written = last.response_metadata["cogenesis"]["usage"]["local"]["output_tokens"]
        ours.append((written - 1) / (time.perf_counter() - start))
        tokens = local.model.encode_chat(local.prompt)
        start = 0.0
        for _piece in local.model._llama.create_completion(
            prompt=tokens, max_tokens=written, temperature=0.0, repeat_penalty=1.1, stream=True
        ):
            start = start or time.perf_counter()
        peer.append((written - 1) / (time.perf_counter() - start))
    return statistics.median(ours), statistics.median(peer)


def second_call(local: RecordingLocal) -> tuple[float, float]:
    """Seconds to the first token: first call with a context, second call with the same one."""
    model = chat(local, RemoteCloud(seconds=0), context())
    firsts, seconds = [], []
    for _ in range(ROUNDS):
        clear_cache(local)
        firsts.append(first_token(model, INSTRUCTION))
        seconds.append(first_token(model, OTHER_INSTRUCTION))
    return statistics.median(firsts), statistics.median(seconds)


def overlap(local: RecordingLocal, cloud: Any) -> tuple[float, float, float]:
    """Seconds: cloud outline alone, local prefill alone, first token of sketch-fill."""
    texts = context()
    alone, outlines, together = [], [], []
    for _ in range(ROUNDS):
        clear_cache(local)
        alone.append(first_token(chat(local, RemoteCloud(seconds=0), texts), INSTRUCTION))
        outlines.append(outline_alone(cloud))
        clear_cache(local)
        together.append(first_token(chat(local, cloud, texts), INSTRUCTION))
    return statistics.median(outlines), statistics.median(alone), statistics.median(together)


def outline_alone(cloud: Any) -> float:
    """Seconds for the outline when nothing else runs."""
    border, placeholders = Border(ledger=MemoryLedger()), Placeholders()
    release = border.release(PrivateText(INSTRUCTION), ValueSet(), placeholders)
    assert release.text is not None
    permit = border.permit(release, purpose="sketch")
    start = time.perf_counter()
    request_outline(CloudModel(cloud, timeout=600), release.text, permit, placeholders)
    return time.perf_counter() - start


def main() -> None:
    console = Console()
    local = RecordingLocal(LlamaCppModel())
    first_token(chat(local, RemoteCloud(seconds=0), context()), INSTRUCTION)
    table = Table("figure", "ours", "compared with", "ratio", "limit")
    ours, peer = speed(local)
    table.add_row(
        "tokens/s through stream, create_completion",
        f"{ours:.1f}", f"{peer:.1f}", f"{ours / peer:.3f}", ">= 0.95",
    )  # fmt: skip
    first, second = second_call(local)
    table.add_row(
        "s to first token: second call, first call",
        f"{second:.2f}", f"{first:.2f}", f"{second / first:.2f}", "<= 0.33",
    )  # fmt: skip
    for name, cloud in clouds(first):
        outline, prefill, both = overlap(local, cloud)
        longer = max(outline, prefill)
        table.add_row(
            f"s to first token, {name}: sketch-fill, longer of outline {outline:.2f} "
            f"and prefill {prefill:.2f}",
            f"{both:.2f}", f"{longer:.2f}", f"{both / longer:.2f}", "aim 1.15",
        )  # fmt: skip
    console.print(table)


def clouds(prefill: float) -> Iterator[tuple[str, RemoteCloud | ChatOpenAI]]:
    """A remote cloud that takes as long as the prefill, and the stand-in on the same cores."""
    yield "remote cloud", RemoteCloud(seconds=prefill)
    with open_cloud() as stand_in:
        yield "stand-in on the same cores", stand_in


if __name__ == "__main__":
    main()
