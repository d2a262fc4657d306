"""Preparation: split the request, retrieve the private context, and ask the border for release."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.retrievers import BaseRetriever

from cogenesis_langchain.collaboration.local_prompt import LocalPrompt
from cogenesis_langchain.collaboration.report import Source
from cogenesis_langchain.privacy.border import Border, Release
from cogenesis_langchain.privacy.holders import holders_within
from cogenesis_langchain.privacy.messages.instruction import InstructionRule, Request, split_request
from cogenesis_langchain.privacy.messages.nested_texts import texts_in
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.privacy.trust.admission import require_trusted
from cogenesis_langchain.privacy.trust.untraced import Untraced
from cogenesis_langchain.sketch.question import is_question

if TYPE_CHECKING:
    from cogenesis_langchain.privacy.matching.value_set import ValueSet
    from cogenesis_langchain.privacy.values import Detector


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that is ready to be written.

    Attributes:
        request: The request, taken apart.
        context: Texts of the private context, most important first.
        release: What the border let out; None when nothing was a candidate.
        reason: Why nothing is public; empty when something is.
        placeholders: What stands for private values in the public text.
        left_out: Characters of the context that were left out, because the local model's window
            is too small for them.
        documents: The retrieved documents that the context is of.
        values: The private values of everything but the instruction, those of the stores included;
            None when nothing was a candidate for release.
        read_values: Those of the texts that the local model reads.
        shows_example: Whether the local model's prompt shows a worked example.
    """

    request: Request
    context: Sequence[PrivateText]
    release: Release | None
    reason: str
    placeholders: Placeholders = field(repr=False)
    left_out: int = 0
    documents: Sequence[Document] = field(default=(), repr=False)
    values: ValueSet | None = field(default=None, repr=False)
    read_values: ValueSet | None = field(default=None, repr=False)
    shows_example: bool = False

    @property
    def private_texts(self) -> Sequence[PrivateText]:
        """All texts of the request but the general instruction; not all of them are in prompts."""
        request = self.request
        return (
            request.withheld,
            *(turn.text for turn in request.turns if not turn.repeated),
            *request.results,
            *self.context,
            *request.unread,
            *map(PrivateText, texts_in([(one.id, one.metadata) for one in self.documents])),
        )

    @property
    def sources(self) -> tuple[Source, ...]:
        """The documents that are in the prompt, at least in part."""
        used = self.documents[: len(self.context)]
        return tuple(Source(id=one.id, metadata=dict(one.metadata)) for one in used)

    @property
    def has_notes(self) -> bool:
        """Whether the local model reads something that the cloud model cannot know.

        That is a document or a private part, or a turn that names something private; a system
        prompt such as "You are helpful." is none.
        """
        from cogenesis_langchain.privacy.values import detect, find_private_values

        request = self.request
        read = (*self.context, *request.notes, *request.details, *request.results)
        if any(text.reveal().strip() for text in (*read, request.withheld)):
            return True
        turns = (turn.text.reveal() for turn in request.turns if not turn.repeated)
        return any(detect(text, (find_private_values,)) for text in turns)

    @property
    def is_question(self) -> bool:
        """Whether the request is to be answered, not to be written.

        What is released decides, so that both models are asked for the same; where nothing is, the
        user's own words.
        """
        if self.release is not None and self.release.text is not None:
            return is_question(str(self.release.text))
        return is_question((self.request.candidate or self.request.bare_task).reveal())

    @property
    def prompt(self) -> LocalPrompt:
        """The local model's prompt for an answer, or for writing freely or from an outline."""
        return LocalPrompt(
            self.request,
            self.context,
            is_question=self.is_question,
            shows_example=self.shows_example,
        )


class Preparation:
    """Prepares requests.

    Args:
        border: Decides what leaves.
        retriever: Supplies the private context; None when the messages hold all of it.
        rule: What counts as the general instruction.
        max_public_words: A longer candidate stays here.
        trusted_hosts: Hosts besides loopback that the retriever may use.
        trust: Objects and classes that the caller vouches for.
        detectors: Find private values in the context and the request, besides the built-in ones.
        context_detectors: Find private values in the context alone.
        private_terms: Strings that are private wherever they stand.
        private_sources: Retrievers and stores whose values are private although another one reads
            them.
        shows_example: Whether the local model's prompts show a worked example.
    """

    def __init__(
        self,
        *,
        border: Border,
        retriever: BaseRetriever | None,
        rule: InstructionRule,
        max_public_words: int,
        trusted_hosts: Sequence[str],
        trust: Sequence[object] = (),
        detectors: Sequence[Detector] = (),
        context_detectors: Sequence[Detector] = (),
        private_terms: Sequence[str] = (),
        private_sources: Sequence[object] = (),
        shows_example: bool = False,
    ) -> None:
        self.border = border
        self._retriever = retriever
        self._rule = rule
        self._max_public_words = max_public_words
        self._trusted_hosts = trusted_hosts
        self._trust = trust
        self._detectors = detectors
        self._context_detectors = context_detectors
        self._private_terms = private_terms
        self._private_sources = private_sources
        self._shows_example = shows_example

    def check_configured(self, configured: Sequence[str], *, what: str, remedy: str) -> None:
        """Check what every request carries against the private values that are known by now.

        Args:
            configured: Strings such as headers, stop strings and declarations of tools.
            what: What they are, for the error.
            remedy: What to do about a private value in them.

        Raises:
            PrivacyViolation: They contain one.
        """
        from cogenesis_langchain.privacy.matching.value_set import ValueSet
        from cogenesis_langchain.privacy.values import PrivateValue

        if not configured:
            return
        declared = (PrivateValue("TERM", term) for term in self._private_terms)
        values = self._with_stored(ValueSet.from_texts((), declared=declared))
        self.border.check_configured(configured, values, what=what, remedy=remedy)

    def prepare(self, messages: Sequence[BaseMessage]) -> Prepared:
        """Split a conversation and decide what of it may leave.

        Raises:
            InstructionError: There is no usable instruction.
            PrivacyViolation: The policy is ``block`` and the instruction holds something private.
            UntrustedLocalModel: The retriever would send the request to another host.
        """
        gathered = self.gather(messages)
        candidate = gathered.request.candidate
        if candidate is None:
            return gathered
        read = self._values(gathered, candidate, _called_tools(messages))
        values = self._with_stored(read)
        release = self.border.release(candidate, values, gathered.placeholders)
        reason = gathered.reason
        if release.text is None:
            reason = "the instruction holds private values"
        return replace(gathered, release=release, reason=reason, values=values, read_values=read)

    def require_readable(self, messages: Sequence[BaseMessage]) -> None:
        """Raise `InstructionError` if a conversation holds something that is no text."""
        split_request(messages, rule=self._rule, max_public_words=self._max_public_words)

    def gather(self, messages: Sequence[BaseMessage]) -> Prepared:
        """Split a conversation and retrieve the private context; nothing is released.

        Raises:
            InstructionError: There is no usable instruction.
            UntrustedLocalModel: The retriever would send the request to another host.
        """
        request = split_request(messages, rule=self._rule, max_public_words=self._max_public_words)
        documents = self._retrieve(request)
        return Prepared(
            request,
            [PrivateText(document.page_content) for document in documents],
            None,
            request.reason,
            Placeholders(),
            documents=documents,
            shows_example=self._shows_example,
        )

    def _retrieve(self, request: Request) -> list[Document]:
        if self._retriever is None:
            return []
        require_trusted(self._retriever, self._trusted_hosts, self._trust)
        return Untraced().call(
            self._retriever._get_relevant_documents,
            request.whole.reveal(),
            run_manager=CallbackManagerForRetrieverRun.get_noop_manager(),
        )

    def _values(
        self, gathered: Prepared, candidate: PrivateText, called_tools: Collection[str]
    ) -> ValueSet:
        """The private values of the texts but the instruction, and those declared."""
        from cogenesis_langchain.privacy.matching.value_set import ValueSet
        from cogenesis_langchain.privacy.values import PrivateValue, detect, find_private_values

        declared = detect(candidate.reveal(), self._detectors)
        declared |= {PrivateValue("TERM", term) for term in self._private_terms}
        return ValueSet.from_texts(
            (_without(text.reveal(), called_tools) for text in gathered.private_texts),
            declared=declared,
            detectors=(find_private_values, *self._detectors, *self._context_detectors),
        )

    def _with_stored(self, values: ValueSet) -> ValueSet:
        """Add the values of every store that the retriever reads, retrieved or not."""
        for holder in holders_within([self._retriever, *self._private_sources]):
            values = holder.private_values().union(values)
        return values


def _called_tools(messages: Sequence[BaseMessage]) -> set[str]:
    """Names of the tools that earlier turns called; developers choose them, so they are public."""
    return {
        call["name"]
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    }


def _without(text: str, names: Collection[str]) -> str:
    """Take names of tools out of what `split_request` writes of calls and results."""
    for name in names:
        text = text.replace(f"Called {name}(", "Called (").replace(f"Result of {name}:", "Result:")
    return text
