"""Calls a cloud model on a recorded endpoint, and collects everything an error contains."""

from __future__ import annotations

import traceback
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.releases import permit

from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.testing import EgressRecorder

SECRET = "a secret of the exception"


def openai_model(egress: EgressRecorder, **settings: Any) -> ChatOpenAI:
    return ChatOpenAI(model="cloud", base_url=egress.base_url, api_key=SecretStr("key"), **settings)


def ask(model: BaseChatModel, *, timeout: float = 5.0, max_retries: int = 0) -> str:
    prompt, permission = permit()
    cloud = CloudModel(model, timeout=timeout, max_retries=max_retries)
    return cloud.generate(prompt, permission).text


def everything_of(error: BaseException) -> str:
    """Everything an error contains: messages, notes, attributes, causes, local variables."""
    pieces = []
    cause: BaseException | None = error
    while cause is not None:
        pieces += [str(cause), repr(vars(cause)), repr(cause.args)]
        for frame, _ in traceback.walk_tb(cause.__traceback__):
            if "cogenesis_langchain" in frame.f_code.co_filename:
                pieces += map(repr, frame.f_locals.values())
        cause = cause.__cause__ or cause.__context__
    return "\n".join(pieces)
