"""Errors of clients become the library's own, and hold no payload."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import langchain_core.exceptions as core_exceptions
import openai
import pytest
from langchain_core.exceptions import ModelError
from support.asking import SECRET, ask, everything_of, openai_model
from support.releases import INSTRUCTION

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudRateLimited,
    CloudRefused,
    CloudTimeout,
    CloudUnavailable,
    PrivacyViolation,
)
from cogenesis_langchain.models.cloud.errors import translate
from cogenesis_langchain.testing import EgressRecorder, behaviours


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


CORE_KINDS = {
    core_exceptions.ModelAuthenticationError: CloudRefused,
    core_exceptions.ModelPermissionDeniedError: CloudRefused,
    core_exceptions.ModelInvalidRequestError: CloudRefused,
    core_exceptions.ModelNotFoundError: CloudRefused,
    core_exceptions.ContextOverflowError: CloudRefused,
    core_exceptions.ModelRateLimitError: CloudRateLimited,
    core_exceptions.ModelAPIError: CloudUnavailable,
    core_exceptions.ModelConnectionError: CloudUnavailable,
    core_exceptions.ModelTimeoutError: CloudTimeout,
}


@pytest.mark.parametrize("kind", [*CORE_KINDS, ModelError])
def test_core_exceptions_are_translated_by_kind(kind: type[ModelError]) -> None:
    assert type(translate(kind(SECRET), "m")) is CORE_KINDS.get(kind, CloudRefused)


def test_the_table_names_every_core_exception() -> None:
    own = [kind for kind in ModelError.__subclasses__() if kind.__module__ == ModelError.__module__]
    assert set(own) == set(CORE_KINDS)


OPENAI_STATUS = {
    "BadRequestError": (400, CloudRefused),
    "AuthenticationError": (401, CloudRefused),
    "PermissionDeniedError": (403, CloudRefused),
    "NotFoundError": (404, CloudRefused),
    "ConflictError": (409, CloudRefused),
    "UnprocessableEntityError": (422, CloudRefused),
    "RateLimitError": (429, CloudRateLimited),
    "InternalServerError": (500, CloudUnavailable),
}


def openai_status_errors() -> list[type[openai.APIStatusError]]:
    return [
        kind
        for kind in subclasses(openai.APIStatusError)
        if issubclass(kind, openai.APIStatusError)
        and kind.__module__.startswith("openai")
        and kind.__name__ != "OAuthError"
    ]


@pytest.mark.parametrize("kind", openai_status_errors(), ids=lambda kind: kind.__name__)
def test_openai_status_errors_are_translated_by_status(kind: type[openai.APIStatusError]) -> None:
    status, ours = OPENAI_STATUS[kind.__name__]
    request = httpx2.Request("POST", "http://cloud.test", content=SECRET.encode())
    response = httpx2.Response(status, request=request, text=SECRET)
    translated = translate(kind(SECRET, response=response, body={"error": SECRET}), "m")
    assert type(translated) is ours
    assert SECRET not in everything_of(translated)


def test_openai_transport_errors_are_told_by_their_causes() -> None:
    request = httpx2.Request("POST", "http://cloud.test", content=SECRET.encode())
    for cause, ours in ((TimeoutError(), CloudTimeout), (ConnectionError(), CloudUnavailable)):
        error = openai.APIConnectionError(request=request)
        error.__cause__ = httpx2.ConnectError(SECRET)
        error.__cause__.__cause__ = cause
        assert type(translate(error, "m")) is ours
    assert type(translate(openai.OpenAIError(SECRET), "m")) is CloudAnswerInvalid


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0", 0.0), ("-5", 0.0), ("1e9", 60.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0)],
)
def test_retry_after_is_read_and_bounded(header: str, seconds: float) -> None:
    response = httpx2.Response(
        429, request=httpx2.Request("POST", "http://x.test"), headers={"retry-after": header}
    )
    error = translate(openai.RateLimitError("no", response=response, body=None), "m")
    assert isinstance(error, CloudRateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize("behaviour", [behaviours.echo(400), behaviours.echo(500)])
def test_errors_hold_no_payload(egress: EgressRecorder, behaviour: behaviours.Behaviour) -> None:
    egress.play(behaviour)
    with pytest.raises(CloudError) as caught:
        ask(openai_model(egress))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "landlord" not in str(caught.value)
    with pytest.raises(openai.APIStatusError) as control:
        openai_model(egress, max_retries=0).invoke(INSTRUCTION)
    assert "landlord" in str(control.value)


def test_an_error_of_ours_that_the_caller_is_handling_is_not_taken_for_the_clouds(
    egress: EgressRecorder,
) -> None:
    egress.play(behaviours.status(500))
    try:
        raise PrivacyViolation("an earlier request", remedy="none")
    except PrivacyViolation:
        with pytest.raises(CloudUnavailable):
            ask(openai_model(egress))
