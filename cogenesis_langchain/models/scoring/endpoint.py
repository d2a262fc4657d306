"""A server that completes a prefix: what it can do, its tokenizer, its chat template.

What is sent is public by type: `PublicTokens` and `PublicText`, or fixed texts of our own.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from typing import final

from cogenesis_langchain.errors import CloudAnswerInvalid, CloudRefused, FusionError
from cogenesis_langchain.models.base import PublicMessage, Role
from cogenesis_langchain.models.scoring.bounded_http import BoundedHttp, OnRequest
from cogenesis_langchain.models.scoring.chat_formats import ChatFormat, field_name, render
from cogenesis_langchain.models.scoring.json_fields import Json, optional, text
from cogenesis_langchain.models.scoring.probe import Capabilities, ServerProbe
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import PublicTemplate


@final
class CompletionsEndpoint:
    """A server that completes a prefix, over HTTP.

    Redirects are not followed and proxies of the environment are not used. Errors are those of the
    tree's `CloudError`, without request or answer.

    Args:
        base_url: Its address, with or without ``/v1``.
        model: Name it knows the model by.
        on_request: Told of each request before it leaves.
        api_key: Sent as a bearer token.
        chat_format: How the model marks turns; needed for servers that do not apply the chat
            template themselves (SGLang, Together, llama_cpp.server).
        timeout: Seconds for one whole request.

    Raises:
        ConfigurationError: The base URL is no address.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        on_request: OnRequest,
        api_key: str | None = None,
        chat_format: ChatFormat | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._model = model
        self._chat_format = chat_format
        self._http = BoundedHttp(
            base_url, name=model, on_request=on_request, api_key=api_key, timeout=timeout
        )
        self._probed: list[Capabilities] = []  # at most one; shared by every `under`
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._model

    def under(self, on_request: OnRequest) -> CompletionsEndpoint:
        """The same server over the same connections, its requests told to someone else."""
        twin = copy(self)
        twin._http = self._http.under(on_request)
        return twin

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def probe(self) -> Capabilities:
        """Find out what the server can do; asks it once, with fixed texts.

        Raises:
            FusionError: It can score neither token ids nor text.
            CloudError: It cannot be reached, or refuses the credentials.
        """
        with self._lock:
            if not self._probed:
                self._probed.append(ServerProbe(self._http, self._model).ask())
            return self._probed[0]

    def encode(self, public: PublicText) -> list[int] | None:
        """Token ids of a text by the server's tokenizer; None if it offers none."""
        return ServerProbe(self._http, self._model).tokenized(str(public), (public,))

    def post(self, path: str, body: Json, public: Sequence[PublicText]) -> Json:
        """Send a request; see `BoundedHttp.post`."""
        return self._http.post(path, body, public)

    def render(self, messages: Sequence[PublicMessage]) -> PublicText:
        """Render a prompt, up to where the cloud model's turn begins.

        A server that applies its chat template is asked to apply it to the names of the turns,
        not to their texts.

        Raises:
            FusionError: The server does not apply its chat template, and no format was given.
            CloudError: By kind.
        """
        roles = [message.role for message in messages]
        template = self._template(roles) if self._chat_format is None else self._chat_format(roles)
        try:
            return render(template, messages)
        except ValueError:
            raise FusionError(
                f"the chat template of {self._model!r} drops or repeats turns",
                remedy="give the endpoint chat_format=, for instance chatml",
            ) from None

    def _template(self, roles: Sequence[Role]) -> PublicTemplate:
        turns: list[Json] = [
            {"role": role, "content": f"{{{field_name(index)}}}"}
            for index, role in enumerate(roles)
        ]
        for applied in (self._applied_by_llama_server, self._applied_by_vllm):
            with suppress(CloudRefused, CloudAnswerInvalid):
                return PublicTemplate(applied(turns))
        raise FusionError(
            f"the server of {self._model!r} does not apply its chat template to a prefix",
            remedy="give the endpoint chat_format=, for instance chatml",
        )

    def _applied_by_llama_server(self, turns: Json) -> str:
        return text(optional(self.post("/apply-template", {"messages": turns}, ()), "prompt"))

    def _applied_by_vllm(self, turns: Json) -> str:
        request: dict[str, Json] = {"model": self._model, "messages": turns}
        ids = optional(self.post("/tokenize", request, ()), "tokens")
        answer = self.post("/detokenize", {"model": self._model, "tokens": ids}, ())
        return text(optional(answer, "prompt"))
