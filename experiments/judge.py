"""A model that rates texts, on the aspects and the scale of the paper (section 4.1).

A judge reads what the writer read, and the texts themselves are private too. So it is held to the
same trust check as a local model, for every aspect, and is called below LangChain's tracing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event
from typing import TYPE_CHECKING, Final, TypeVar, get_args

from langchain_core.language_models.chat_models import BaseChatModel

from experiments.records.record import Record
from cogenesis_langchain.errors import CoGenesisError, EvaluationError, LocalModelError
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.pairing import pair
from cogenesis_langchain.evaluation.ratings import Preference, parse_rating, parse_verdict
from cogenesis_langchain.evaluation.results import Aspect, Attempt, Rating
from cogenesis_langchain.models.base import GenerationOptions, LocalTextModel, PrivateMessage
from cogenesis_langchain.models.local.langchain.langchain import LocalChatModel
from cogenesis_langchain.privacy.hosts import require_trusted
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.prompts import (
    JUDGE_ASPECTS,
    JUDGE_COMPARISON,
    JUDGE_MATERIAL,
    JUDGE_RATING,
    JUDGE_REQUEST,
    JUDGE_SYSTEM,
    JUDGE_TEXT,
)

if TYPE_CHECKING:
    from cogenesis_langchain.evaluation.runner import Progress

ASPECTS: Final[tuple[Aspect, ...]] = get_args(Aspect)

_RETRY_STRIDE: Final = 1_000_003
"""From the seed of a question to that of the same question asked again."""

_T = TypeVar("_T")


class Judge:
    """Rates single texts and compares two.

    An answer without a rating that can be read is asked for again, with another seed.

    Args:
        model: Any LangChain chat model, or a local model such as `LlamaCppModel`. A chat model
            keeps its own temperature and length, and is given a seed where it has a field for one.
        trusted_hosts: Hosts besides loopback that may be shown context and texts.
        tries: How often a question is put at most.
        temperature: Of a local model; 0 would give the same answer to every seed and retry.
        max_tokens: Of an answer of a local model.

    Raises:
        UntrustedLocalModel: The model is a client of another host.
        EvaluationError: Fewer than one try.
    """

    def __init__(
        self,
        model: BaseChatModel | LocalTextModel,
        *,
        trusted_hosts: Sequence[str] = (),
        tries: int = 4,
        temperature: float = 0.7,
        max_tokens: int = 400,
    ) -> None:
        require_trusted(model, trusted_hosts)
        if tries < 1:
            raise EvaluationError("a judge must be asked at least once", remedy="use tries=4")
        self._model = model
        self._trusted_hosts = tuple(trusted_hosts)
        self._tries = tries
        self._temperature = temperature
        self._max_tokens = max_tokens

    def rate(
        self, record: Record, text: str, aspect: Aspect, seed: int
    ) -> tuple[float | None, int]:
        """Rate a text.

        Args:
            record: What it was written for.
            text: The text.
            aspect: What to rate.
            seed: Of the judge's answer.

        Returns:
            The rating, 1 to 10, or None where none could be read; and how often was asked.

        Raises:
            UntrustedLocalModel: The model has become a client of another host.
            EvaluationError: The model failed.
        """
        rating = JUDGE_RATING.fill({"question": JUDGE_ASPECTS[aspect].fill({})})
        shown = JUDGE_TEXT.fill({"text": text})
        return self._ask(_material(record, aspect) + shown + rating, seed, parse_rating)

    def prefer(
        self, record: Record, first: str, second: str, aspect: Aspect, seed: int
    ) -> tuple[Preference | None, int]:
        """Compare two texts.

        Args:
            record: What they were written for.
            first: Shown as text A.
            second: Shown as text B.
            aspect: By what to compare them.
            seed: Of the judge's answer.

        Returns:
            The preference, or None where none could be read; and how often was asked.

        Raises:
            UntrustedLocalModel: The model has become a client of another host.
            EvaluationError: The model failed.
        """
        question = JUDGE_ASPECTS[aspect].fill({})
        asked = JUDGE_COMPARISON.fill({"first": first, "second": second, "question": question})
        return self._ask(_material(record, aspect) + asked, seed, parse_verdict)

    def _ask(
        self, question: str, seed: int, parse: Callable[[str], _T | None]
    ) -> tuple[_T | None, int]:
        messages = [
            PrivateMessage("system", PrivateText(JUDGE_SYSTEM.fill({}))),
            PrivateMessage("user", PrivateText(question)),
        ]
        for asked in range(1, self._tries + 1):
            found = parse(self._answer(messages, seed + (asked - 1) * _RETRY_STRIDE))
            if found is not None:
                return found, asked
        return None, self._tries

    def _answer(self, messages: Sequence[PrivateMessage], seed: int) -> str:
        options = GenerationOptions(
            max_tokens=self._max_tokens, temperature=self._temperature, seed=seed
        )
        try:
            return "".join(chunk.text for chunk in self._seeded(seed).stream(messages, options))
        except LocalModelError as error:
            what, remedy = str(error), error.remedy
        raise EvaluationError(  # raised here, so that nothing of the question is its context
            f"the judge failed: {what}",
            remedy=f"{remedy}; then start again: what was rated is kept",
        )

    def _seeded(self, seed: int) -> LocalTextModel:
        model = self._model
        if not isinstance(model, BaseChatModel):
            require_trusted(model, self._trusted_hosts)
            return model
        if "seed" in type(model).model_fields:
            model = model.model_copy(update={"seed": seed})
        return LocalChatModel(model, trusted_hosts=self._trusted_hosts)


def rate_attempts(
    records: Iterable[Record],
    attempts: Iterable[Attempt],
    judge: Judge,
    journal: Journal[Rating],
    *,
    aspects: Sequence[Aspect] = ASPECTS,
    seeds: Sequence[int] = (0,),
    concurrency: int = 1,
    progress: Progress = lambda done, total, what: None,
) -> None:
    """Rate every text on every aspect with every seed, passing over what is rated already.

    Attempts that failed have no text to rate. A text whose rating could not be read after every
    try is noted with ``value=None``, never dropped.

    Args:
        records: What the attempts are about.
        attempts: The texts.
        judge: Who rates.
        journal: Where the ratings are kept; a run that ended early goes on there.
        aspects: What is rated.
        seeds: Of the judge's answers; one rating each.
        concurrency: Questions at a time.
        progress: Told how many ratings are done, how many there are, and what was rated.

    Raises:
        EvaluationError: There are no attempts, they are about other records, or the judge failed;
            what was rated until then is kept.
        UntrustedLocalModel: The judge has become a client of another host.
    """
    known = journal.keys()
    jobs = [
        (record, attempt, aspect, seed)
        for record, attempt in pair(records, attempts)
        if not attempt.failure
        for aspect in aspects
        for seed in seeds
    ]
    left = [job for job in jobs if _key(*job[1:]) not in known]

    over = Event()

    def rate(record: Record, attempt: Attempt, aspect: Aspect, seed: int) -> str:
        if over.is_set():
            return ""
        try:
            value, asked = judge.rate(record, attempt.text, aspect, seed)
        except CoGenesisError:
            over.set()
            raise
        journal.append(
            Rating(
                record=attempt.record,
                setting=attempt.setting,
                seed=attempt.seed,
                aspect=aspect,
                judge_seed=seed,
                value=value,
                asked=asked,
            )
        )
        return f"{attempt.record}, {attempt.setting}, {aspect}"

    before = len(jobs) - len(left)
    progress(before, len(jobs), "")
    with ThreadPoolExecutor(concurrency, thread_name_prefix="judge") as workers:
        futures = [workers.submit(rate, *job) for job in left]
        try:
            for done, future in enumerate(as_completed(futures), start=before + 1):
                progress(done, len(jobs), future.result())
        finally:  # Ctrl-C too: questions that are being answered are noted, no other is put
            over.set()


def _key(attempt: Attempt, aspect: Aspect, seed: int) -> tuple[str, ...]:
    return (*attempt.key, aspect, str(seed))


def _material(record: Record, aspect: Aspect) -> str:
    """What the judge is shown besides the text."""
    general, personal = record.instruction.general, record.instruction.personal
    if aspect == "overall without context":
        return JUDGE_REQUEST.fill({"instruction": general})
    whole = f"{general}\n{personal}".rstrip()
    return JUDGE_MATERIAL.fill({"context": record.context, "instruction": whole})
