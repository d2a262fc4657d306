"""JSON over HTTP with nothing unbounded: time, size, redirects, proxies of the environment.

Each request is shown to someone before it leaves, byte for byte, together with the public texts
that it holds.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from copy import copy
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias, final

import httpx

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudRefused,
    CoGenesisError,
    ConfigurationError,
)
from cogenesis_langchain.models.cloud.errors import translate
from cogenesis_langchain.models.scoring.json_fields import Json
from cogenesis_langchain.privacy.text import PublicText

OnRequest: TypeAlias = Callable[[str, bytes, Sequence[PublicText]], None]
"""Called with method and URL, the exact body and the public texts in it, before each request
leaves. What it raises stops the request; `EgressPermit.authorise` fits."""

_MAX_ANSWER_BYTES: Final = 32 * 2**20


@final
class BoundedHttp:
    """Connections to one server. Errors are those of the tree, without request or answer.

    Args:
        base_url: Its address, with or without ``/v1``.
        name: Of its model, for errors.
        on_request: Told of each request before it leaves.
        api_key: Sent as a bearer token.
        timeout: Seconds for one whole request, however slowly its answer drips in.

    Raises:
        ConfigurationError: The address is none.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        on_request: OnRequest,
        api_key: str | None,
        timeout: float,
    ) -> None:
        self._root = base_url.rstrip("/").removesuffix("/v1")
        self._name = name
        self._on_request = on_request
        self._timeout = timeout
        headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        try:
            httpx.URL(self._root)
        except httpx.InvalidURL:
            raise ConfigurationError(
                f"the base URL of {name!r} is not an address",
                remedy="give it as http://host:port or https://host",
            ) from None
        self._client = httpx.Client(
            headers=headers, trust_env=False, follow_redirects=False, timeout=timeout
        )

    def under(self, on_request: OnRequest) -> BoundedHttp:
        """The same connections, their requests shown to someone else."""
        twin = copy(self)
        twin._on_request = on_request
        return twin

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(self, path: str, body: Json, public: Sequence[PublicText]) -> Json:
        """Send a request.

        Args:
            path: Below the server's root.
            body: Public material only.
            public: The public texts in it, for `on_request`.

        Raises:
            CloudError: By kind.
        """
        payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return self._parsed(self._send("POST", path, payload, public))

    def get(self, path: str) -> Json:
        """Read a description that a server may offer; None if it does not.

        Raises:
            CloudError: The server cannot be reached.
        """
        try:
            return self._parsed(self._send("GET", path, b"", ()))
        except (CloudRefused, CloudAnswerInvalid):
            return None

    def _parsed(self, answer: bytes) -> Json:
        try:
            parsed: Json = json.loads(answer)
        except ValueError:
            raise CloudAnswerInvalid(
                f"the endpoint of {self._name!r} answered something else than JSON",
                remedy="check the base URL",
            ) from None
        return parsed

    def _send(self, method: str, path: str, payload: bytes, public: Sequence[PublicText]) -> bytes:
        """Send in a thread that is left to end by itself when time is up.

        No timeout of the client bounds a name that does not resolve or a head that drips.
        """
        url = f"{self._root}{path}"
        self._on_request(f"{method} {url}", payload, public)
        outcome: SimpleQueue[bytes | CoGenesisError] = SimpleQueue()
        threading.Thread(
            target=lambda: outcome.put(self._exchange(method, url, payload)),
            daemon=True,
            name="cloud-request",
        ).start()
        try:
            result = outcome.get(timeout=self._timeout)
        except Empty:
            raise translate(TimeoutError(), self._name) from None
        if isinstance(result, CoGenesisError):
            raise result
        return result

    def _exchange(self, method: str, url: str, payload: bytes) -> bytes | CoGenesisError:
        headers = {"Content-Type": "application/json"} if payload else {}
        deadline = time.monotonic() + self._timeout
        try:
            with self._client.stream(method, url, content=payload, headers=headers) as response:
                if response.status_code != httpx.codes.OK:
                    return translate(_HttpFailure(response), self._name)
                return self._read(response, deadline)
        except httpx.TimeoutException:
            return translate(TimeoutError(), self._name)
        except httpx.TransportError:
            return translate(ConnectionError(), self._name)
        except httpx.DecodingError as error:
            return translate(error, self._name)
        except CloudError as error:
            return error.with_traceback(None)

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        received = bytearray()
        for chunk in response.iter_bytes():
            received += chunk
            if len(received) > _MAX_ANSWER_BYTES:
                raise CloudAnswerInvalid(
                    f"the answer of {self._name!r} is larger than {_MAX_ANSWER_BYTES} bytes",
                    remedy="check the base URL",
                )
            if time.monotonic() > deadline:
                raise translate(TimeoutError(), self._name)
        return bytes(received)


class _HttpFailure(Exception):
    """A status other than 200, in the shape that `translate` reads; holds no body."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.response = response
