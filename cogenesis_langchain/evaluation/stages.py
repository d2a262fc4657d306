"""What is done once the texts are written: reading the references, and having the texts rated.

Both go on where they stopped, as writing does.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from cogenesis_langchain.evaluation.config import EvaluationConfig, JudgeConfig
from cogenesis_langchain.evaluation.models import open_remote
from cogenesis_langchain.evaluation.run_folder import RunFolder
from cogenesis_langchain.evaluation.runner import Progress, load

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

    from cogenesis_langchain.evaluation.likelihood import Readers
    from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens

_JUDGE_TOKENS = 400
_JUDGE_TEMPERATURE = 0.7


def read_references(config: EvaluationConfig, folder: RunFolder, progress: Progress) -> None:
    """Read the reference texts under every setting, if the configuration says so.

    The models are opened in this process. Where the cloud model runs elsewhere, only the local
    model's settings have a likelihood.

    Args:
        config: The evaluation.
        folder: Of the run, with its texts.
        progress: Told of each record.

    Raises:
        EvaluationError: See `read_likelihoods`.
        ResultsUnusable: The folder cannot be written, or is damaged.
    """
    if config.likelihood is None:
        return
    from cogenesis_langchain.evaluation.likelihood import read_likelihoods

    records = load(config)[: config.likelihood.limit]
    taken = {record.id for record in records}
    with folder.held():
        attempts = [line for line in folder.attempts.lines() if line.record in taken]
        readers = _readers(config, config.likelihood.tokens)
        read_likelihoods(records, attempts, readers, folder.likelihoods, progress)


def rate_texts(config: EvaluationConfig, folder: RunFolder, progress: Progress) -> None:
    """Have the texts rated, if there is a judge; then compared in both orders, if told to.

    Args:
        config: The evaluation.
        folder: Of the run, with its texts.
        progress: Told of each rating.

    Raises:
        UntrustedLocalModel: The judge runs on a host that is not trusted.
        EvaluationError: See `rate_attempts` and `compare_settings`.
        ResultsUnusable: The folder cannot be written, or is damaged.
    """
    if config.judge is None:
        return
    from cogenesis_langchain.evaluation.judge import Judge, rate_attempts
    from cogenesis_langchain.evaluation.order_check import compare_settings

    asked, records = config.judge, load(config)
    with folder.held(), ExitStack() as stack:
        judge = Judge(
            _judge_model(asked, config.concurrency, stack), trusted_hosts=asked.trusted_hosts
        )
        attempts = folder.attempts.lines()
        rate_attempts(
            records,
            attempts,
            judge,
            folder.ratings,
            aspects=asked.aspects,
            seeds=asked.seeds,
            concurrency=config.concurrency,
            progress=progress,
        )
        if asked.compare is not None:
            compare_settings(
                records, attempts, judge, folder.verdicts, *asked.compare, progress=progress
            )


def _readers(config: EvaluationConfig, tokens: int) -> Readers:
    from cogenesis_langchain.evaluation.likelihood import Readers
    from cogenesis_langchain.fusion.operators import operator_named

    local, cloud = config.local, config.cloud
    fine_tuned = _reader(config, local.fine_tuned) if local.fine_tuned else None
    return Readers(
        local=_reader(config, local.model),
        cloud=_reader(config, cloud.model) if cloud.base_url is None else None,
        fine_tuned=fine_tuned,
        operators=[operator_named(name) for name in config.operators],
        tokens=tokens,
    )


def _reader(config: EvaluationConfig, model: str) -> LlamaCppTokens:
    from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
    from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens

    local = config.local
    return LlamaCppTokens(LlamaCppModel(model, n_ctx=local.n_ctx, n_threads=local.threads))


def _judge_model(asked: JudgeConfig, slots: int, stack: ExitStack) -> ChatOpenAI:
    from langchain_openai import ChatOpenAI

    remote = open_remote(asked, "judge", slots=slots, stack=stack)
    return ChatOpenAI(
        base_url=remote.base_url,
        api_key=remote.api_key,
        model=remote.model,
        temperature=_JUDGE_TEMPERATURE,
        max_completion_tokens=_JUDGE_TOKENS,
        timeout=asked.timeout,
    )
