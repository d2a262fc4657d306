from __future__ import annotations

import gc
import gzip
import json
import time
import traceback
from collections.abc import Iterator
from typing import Any

import httpx2
import langchain_core.exceptions as core_exceptions
import openai
import pytest
from langchain_core.exceptions import ModelError
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import SecretStr
from releases import INSTRUCTION, departure

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudRateLimited,
    CloudRefused,
    CloudTimeout,
    CloudUnavailable,
    CoGenesisError,
    ConfigurationError,
    PrivacyViolation,
)
from cogenesis_langchain.models.cloud import CloudModel
from cogenesis_langchain.models.cloud_errors import translate
from cogenesis_langchain.privacy.ledger import MemoryLedger
from cogenesis_langchain.testing import EgressRecorder, behaviours

SECRET = "a secret of the exception"


@pytest.fixture
def egress() -> Iterator[EgressRecorder]:
    with EgressRecorder() as recorder:
        yield recorder


def openai_model(egress: EgressRecorder, **settings: Any) -> ChatOpenAI:
    return ChatOpenAI(model="cloud", base_url=egress.base_url, api_key=SecretStr("key"), **settings)


def ask(model: BaseChatModel, *, timeout: float = 5.0, max_retries: int = 0) -> str:
    prompt, permission = departure()
    cloud = CloudModel(model, timeout=timeout, max_retries=max_retries)
    return cloud.generate(prompt, permission).text


# What the endpoint answers, by kind of error


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, CloudRefused),
        (401, CloudRefused),
        (403, CloudRefused),
        (404, CloudRefused),
        (408, CloudUnavailable),
        (409, CloudRefused),
        (422, CloudRefused),
        (429, CloudRateLimited),
        (500, CloudUnavailable),
        (502, CloudUnavailable),
        (503, CloudUnavailable),
        (504, CloudUnavailable),
        (301, CloudRefused),
        (307, CloudRefused),
    ],
)
def test_statuses_become_errors_by_kind(
    egress: EgressRecorder, status: int, kind: type[CloudError]
) -> None:
    egress.play(behaviours.status(status))
    with pytest.raises(kind) as caught:
        ask(openai_model(egress))
    assert type(caught.value) is kind
    assert str(status) in str(caught.value)


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (behaviours.junk(), CloudAnswerInvalid),
        (behaviours.junk(b"{}", "application/json"), CloudAnswerInvalid),
        (behaviours.junk(b'{"choices": []}', "application/json"), CloudAnswerInvalid),
        (behaviours.junk(b"\xff\xfe\x00", "application/json"), CloudAnswerInvalid),
        (behaviours.junk(b"[" * 100_000, "application/json"), CloudAnswerInvalid),
        (behaviours.chat("   "), CloudAnswerInvalid),
        (behaviours.huge(), CloudAnswerInvalid),
        (behaviours.half(), CloudUnavailable),
        (behaviours.hang_up(), CloudUnavailable),
        (behaviours.stall(), CloudTimeout),
        (behaviours.drip(), CloudTimeout),
        (behaviours.drip(from_the_head=True), CloudTimeout),
    ],
)
def test_bad_answers_become_errors_by_kind_and_in_time(
    egress: EgressRecorder, behaviour: behaviours.Behaviour, kind: type[CloudError]
) -> None:
    egress.play(behaviour)
    started = time.monotonic()
    with pytest.raises(kind):
        ask(openai_model(egress), timeout=0.5)
    assert time.monotonic() - started < 1.5


def test_a_compressed_bomb_is_not_unpacked(egress: EgressRecorder) -> None:
    bomb = gzip.compress(b"x" * 200_000_000, compresslevel=1)
    headers = {"Content-Encoding": "gzip", "Content-Length": str(len(bomb))}

    def explode(exchange: Any) -> None:
        exchange.begin(200, headers)
        exchange.write(bomb)

    egress.play(explode)
    with pytest.raises(CloudAnswerInvalid, match="larger"):
        ask(openai_model(egress))


def test_a_compressed_answer_is_read(egress: EgressRecorder) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "packed"}}
    packed = gzip.compress(json.dumps({"id": "1", "choices": [choice]}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    egress.play(lambda exchange: exchange.answer(200, packed, headers))
    assert ask(openai_model(egress)) == "packed"


def test_a_redirect_is_not_followed(egress: EgressRecorder) -> None:
    with EgressRecorder() as other:
        egress.play(behaviours.redirect(f"{other.base_url}/chat/completions"))
        with pytest.raises(CloudRefused, match="307"):
            ask(openai_model(egress))
        assert other.requests == ()
        control = openai_model(egress).invoke(INSTRUCTION)
        assert control.text and len(other.requests) == 1


# Errors of clients, without HTTP


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


# What errors carry


def everything_of(error: BaseException) -> str:
    """Text, notes, attributes of an error and its causes, and the library's local variables."""
    pieces = []
    cause: BaseException | None = error
    while cause is not None:
        pieces += [str(cause), repr(vars(cause)), repr(cause.args)]
        for frame, _ in traceback.walk_tb(cause.__traceback__):
            if "cogenesis_langchain" in frame.f_code.co_filename:
                pieces += map(repr, frame.f_locals.values())
        cause = cause.__cause__ or cause.__context__
    return "\n".join(pieces)


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


# Attempts


def test_attempts_are_counted_once(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(500))
    with pytest.raises(CloudUnavailable):
        ask(openai_model(egress, max_retries=7), max_retries=1)
    assert len(egress.requests) == 2
    assert egress.requests[0].body == egress.requests[1].body


def test_a_refusal_is_not_tried_again(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(401))
    with pytest.raises(CloudRefused):
        ask(openai_model(egress), max_retries=3)
    assert len(egress.requests) == 1


def test_a_failure_followed_by_an_answer_is_an_answer(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(503), behaviours.chat("here"))
    assert ask(openai_model(egress), max_retries=1) == "here"


def test_the_pause_asked_for_is_kept(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(429, retry_after="1"), behaviours.chat("here"))
    started = time.monotonic()
    assert ask(openai_model(egress), max_retries=1) == "here"
    assert time.monotonic() - started >= 1.0


def test_a_pause_beyond_the_deadline_ends_the_attempts(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(429, retry_after="30"))
    started = time.monotonic()
    with pytest.raises(CloudRateLimited):
        ask(openai_model(egress), max_retries=5, timeout=2.0)
    assert time.monotonic() - started < 1.0
    assert len(egress.requests) == 1


def test_nothing_leaves_after_the_deadline(egress: EgressRecorder) -> None:
    limiter = InMemoryRateLimiter(requests_per_second=1.5, check_every_n_seconds=0.02)
    limiter.acquire()
    with pytest.raises(CloudTimeout):
        ask(openai_model(egress, rate_limiter=limiter), timeout=0.2)
    time.sleep(1.0)  # by now the limiter has let the late thread go
    assert egress.requests == ()


# Settings of the caller's model


def test_the_callers_model_is_left_as_it_is(egress: EgressRecorder) -> None:
    model = openai_model(egress, max_retries=4)
    before = (model.max_retries, model.root_client, model.client, model.cache, model.http_client)
    ask(model)
    after = (model.max_retries, model.root_client, model.client, model.cache, model.http_client)
    assert before == after


def test_the_callers_http_client_carries_the_request_through_the_gate(
    egress: EgressRecorder,
) -> None:
    seen: list[str] = []

    def note(request: httpx2.Request) -> None:
        seen.append(request.method)

    with httpx2.Client(event_hooks={"request": [note]}) as client:
        assert ask(openai_model(egress, http_client=client))
    assert seen == ["POST"]
    ledger = MemoryLedger()
    prompt, permission = departure(secrets=["landlord-portal"], ledger=ledger)
    with httpx2.Client() as client:
        leaky = openai_model(
            egress, http_client=client, default_headers={"X-From": "landlord-portal"}
        )
        with pytest.raises(PrivacyViolation):
            CloudModel(leaky).generate(prompt, permission)
    assert len(egress.requests) == 1
    assert [entry.verdict for entry in ledger.entries] == ["refused"]


def test_a_client_of_an_older_library_is_refused(egress: EgressRecorder) -> None:
    model = openai_model(egress).model_copy(update={"http_client": object()})
    with pytest.raises(ConfigurationError, match="http_client"):
        CloudModel(model)


def test_azure_passes_the_gate(egress: EgressRecorder) -> None:
    model = AzureChatOpenAI(
        azure_endpoint=egress.url,
        azure_deployment="cloud",
        api_version="2024-05-01",
        api_key=SecretStr("key"),
    )
    ledger = MemoryLedger()
    prompt, permission = departure(context=["We met on 2024-05-01."], ledger=ledger)
    assert CloudModel(model).generate(prompt, permission).text
    assert ledger.entries[0].payload == egress.requests[0].body


@pytest.mark.parametrize(
    "settings",
    [
        {"model_kwargs": {"user": "Zimlor Quovex"}},
        {"extra_body": {"note": {"deep": ["Zimlor Quovex"]}}},
        {"default_headers": {"X-User": "Zimlor Quovex"}},
        {"default_query": {"user": "Zimlor Quovex"}, "extra_body": {"Zimlor Quovex": 1}},
        {"stop": ["Zimlor Quovex"]},
    ],
)
def test_a_private_value_in_the_models_settings_is_stopped(
    egress: EgressRecorder, settings: dict[str, Any]
) -> None:
    ledger = MemoryLedger()
    prompt, permission = departure(secrets=["Zimlor Quovex"], ledger=ledger)
    with pytest.raises(PrivacyViolation):
        CloudModel(openai_model(egress, **settings)).generate(prompt, permission)
    assert egress.requests == ()
    assert [(entry.verdict, entry.payload) for entry in ledger.entries] == [("refused", b"")]
    openai_model(egress, **settings).invoke(INSTRUCTION)
    assert b"Zimlor" in egress.received  # the control leaks


def test_notes_that_mention_the_endpoint_do_not_stop_the_request(egress: EgressRecorder) -> None:
    prompt, permission = departure(context=[f"Our model server is {egress.base_url} since May."])
    assert CloudModel(openai_model(egress)).generate(prompt, permission).text


def test_the_responses_api_is_told_not_to_store(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(500))
    with pytest.raises(CloudUnavailable):
        ask(openai_model(egress, use_responses_api=True))
    assert json.loads(egress.requests[0].body)["store"] is False


def test_a_gateway_of_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_GATEWAY", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_pt_key")
    with pytest.raises(ConfigurationError, match="LANGSMITH_GATEWAY"):
        CloudModel(ChatOpenAI(model="cloud"))


def test_an_environment_proxy_does_not_carry_the_request(
    egress: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EgressRecorder() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert ask(openai_model(egress))
        assert proxy.requests == ()
        openai_model(egress, max_retries=0).invoke(INSTRUCTION)
        assert len(proxy.requests) == 1  # the control takes the proxy


def test_no_socket_stays_open(egress: EgressRecorder) -> None:
    ask(openai_model(egress))
    gc.collect()  # a socket left open is a ResourceWarning, which is an error


# Models of other providers


class Slow(FakeListChatModel):
    seconds: float

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        time.sleep(self.seconds)
        return super()._generate(*args, **kwargs)


class Failing(FakeListChatModel):
    error: Exception

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise self.error from ValueError(messages[0].text)


class Odd(FakeListChatModel):
    generations: list[ChatGeneration]

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=self.generations)


def test_any_chat_model_can_be_the_cloud() -> None:
    ledger = MemoryLedger()
    prompt, permission = departure(ledger=ledger)
    assert CloudModel(FakeListChatModel(responses=["here"])).generate(prompt, permission).text
    (entry,) = ledger.entries
    assert entry.endpoint == "CALL FakeListChatModel/FakeListChatModel"
    assert json.loads(entry.payload) == {"messages": [{"role": "human", "content": INSTRUCTION}]}


def test_any_chat_model_has_the_deadline() -> None:
    started = time.monotonic()
    with pytest.raises(CloudTimeout):
        ask(Slow(responses=["late"], seconds=1.0), timeout=0.2)
    assert time.monotonic() - started < 0.7


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(SECRET), CloudTimeout),
        (ConnectionResetError(SECRET), CloudUnavailable),
        (ValueError(SECRET), CloudAnswerInvalid),
        (RecursionError(SECRET), CloudAnswerInvalid),
        (MemoryError(SECRET), CloudAnswerInvalid),
    ],
)
def test_any_models_exceptions_are_translated_and_dropped(
    error: Exception, kind: type[CoGenesisError]
) -> None:
    with pytest.raises(kind) as caught:
        ask(Failing(responses=[], error=error))
    assert SECRET not in everything_of(caught.value)


def test_answers_without_text_are_told() -> None:
    empty: list[list[ChatGeneration]] = [
        [],
        [ChatGeneration(message=AIMessage(""))],
        [ChatGeneration(message=AIMessage([{"type": "image", "url": "http://x.test"}]))],
    ]
    for generations in empty:
        with pytest.raises(CloudAnswerInvalid):
            ask(Odd(responses=[], generations=generations))


def test_a_models_own_retries_are_off() -> None:
    class Retrying(FakeListChatModel):
        max_retries: int = 6

    assert CloudModel(Retrying(responses=["here"]))._model.max_retries == 0  # type: ignore[attr-defined]
