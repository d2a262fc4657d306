"""Translate providers' exceptions into the library's own, without their payload.

LangChain's partner packages raise subclasses of `langchain_core.exceptions.ModelError`. Exceptions
of other clients are recognised by the HTTP status that they carry, or by the built-in and HTTP
errors among their causes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

import httpx2
from langchain_core.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudRateLimited,
    CloudRefused,
    CloudTimeout,
    CloudUnavailable,
    CoGenesisError,
)

_MAX_RETRY_AFTER: Final = 60.0
_REQUEST_TIMEOUT: Final = 408
_TIMED_OUT: Final = (TimeoutError, httpx2.TimeoutException)
_BROKEN: Final = (OSError, httpx2.TransportError)

E = TypeVar("E", bound=BaseException)


def translate(error: Exception, name: str) -> CoGenesisError:
    """Turn a provider's exception into one of ours.

    Args:
        error: What the provider's client raised. Only its type, its HTTP status, its Retry-After
            header and the types of its causes are read; an error of ours among the causes (raised
            by the transport) is returned as it is.
        name: The cloud model's name.

    Returns:
        The error to raise in its place, without a cause.
    """
    ours = _within(error, CoGenesisError)
    if ours is not None:
        return ours
    status = _status(error)
    if status == 429 or isinstance(error, ModelRateLimitError):
        limited = CloudRateLimited(
            f"the endpoint of {name!r} asks to slow down (429)",
            remedy="wait, raise max_retries, or check the quota of the account",
        )
        limited.retry_after = _retry_after(error)
        return limited
    if isinstance(error, ModelTimeoutError) or (status is None and _within(error, *_TIMED_OUT)):
        return CloudTimeout(
            f"the endpoint of {name!r} did not answer in time",
            remedy="raise timeout, or check the endpoint",
        )
    if isinstance(error, ModelConnectionError) or (status is None and _within(error, *_BROKEN)):
        return CloudUnavailable(
            f"the endpoint of {name!r} cannot be reached",
            remedy="check the base URL and the network",
        )
    if status is not None or isinstance(error, ModelError):
        return _from_status(status, error, name)
    return CloudAnswerInvalid(
        f"the answer of {name!r} cannot be used ({type(error).__name__})",
        remedy="check that the base_url is that of an OpenAI-compatible API",
    )


def retry_after(error: CloudError) -> float:
    """Seconds that the endpoint asked to wait; 0 when it did not say."""
    return error.retry_after if isinstance(error, CloudRateLimited) else 0.0


def _from_status(status: int | None, error: Exception, name: str) -> CloudError:
    shown = status or type(error).__name__
    if isinstance(error, ModelAPIError) or (
        status is not None and (status >= 500 or status == _REQUEST_TIMEOUT)
    ):
        return CloudUnavailable(
            f"the endpoint of {name!r} failed ({shown})", remedy="try again later"
        )
    if status in (401, 403) or isinstance(
        error, (ModelAuthenticationError, ModelPermissionDeniedError)
    ):
        return CloudRefused(
            f"the endpoint of {name!r} refused the credentials ({shown})",
            remedy="check the API key and what it may use",
        )
    return CloudRefused(
        f"the endpoint of {name!r} rejected the request ({shown})",
        remedy="check the model name and the base URL; redirects are not followed",
    )


def _within(error: BaseException, *kinds: type[E]) -> E | None:
    """The error itself, or the first of its causes, that is of one of these kinds."""
    return next((cause for cause in _causes(error) if isinstance(cause, kinds)), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _retry_after(error: Exception) -> float:
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        seconds = float(headers.get("retry-after", 0))
    except ValueError:  # the header may also be a date; the caller's own pause is used then
        return 0.0
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER)
