"""A completions server under one egress permit: its capabilities, tokenizer and chat template.

What is sent is public by type: `PublicTokens` and `PublicText`, or fixed texts of this library.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import final

from cogenesis_langchain.errors import CloudAnswerInvalid, CloudRefused, FusionError
from cogenesis_langchain.models.base import Json, PublicMessage, Role
from cogenesis_langchain.models.scoring.chat_formats import ChatFormat, field_name, render
from cogenesis_langchain.models.scoring.dialect import PROTOCOL_WORDS, CloudServer
from cogenesis_langchain.models.scoring.json_fields import optional, text
from cogenesis_langchain.models.scoring.probe import Capabilities, ServerProbe
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import PublicTemplate


@final
class CompletionsEndpoint:
    """A server that completes a prefix.

    Args:
        server: The cloud model's server.
        permit: The border's permission, under which every request leaves.
        chat_format: How the model marks turns; needed for servers that do not apply the chat
            template themselves (SGLang, Together, llama_cpp.server).
        capabilities: What an earlier probe of this server found; None probes it.
    """

    def __init__(
        self,
        server: CloudServer,
        permit: EgressPermit,
        *,
        chat_format: ChatFormat | None = None,
        capabilities: Capabilities | None = None,
    ) -> None:
        self.server = server
        self.permit = permit
        self._chat_format = chat_format
        self._capabilities = capabilities

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.server.name

    def probe(self) -> Capabilities:
        """Find out what the server can do; asks it once, with fixed texts.

        Raises:
            FusionError: It can score neither token ids nor text.
            CloudError: It cannot be reached, or refuses the credentials.
        """
        if self._capabilities is None:
            self._capabilities = ServerProbe(self.server, self.permit.probing()).ask()
        return self._capabilities

    def encode(self, public: PublicText) -> list[int] | None:
        """Token ids of a text by the server's tokenizer; None if it offers none."""
        return ServerProbe(self.server, self.permit).tokenized(str(public), (public,))

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
                f"the chat template of {self.name!r} drops or repeats turns",
                remedy='pass chat_format=, for example chat_format="chatml"',
            ) from None

    def _template(self, roles: Sequence[Role]) -> PublicTemplate:
        names = [f"{{{field_name(index)}}}" for index in range(len(roles))]
        turns: list[Json] = [
            {"role": role, "content": name} for role, name in zip(roles, names, strict=True)
        ]
        fixed = [*roles, *names]
        for applied in (self._applied_by_llama_server, self._applied_by_vllm):
            with suppress(CloudRefused, CloudAnswerInvalid):
                return PublicTemplate(applied(turns, fixed))
        raise FusionError(
            f"the server of {self.name!r} does not apply its chat template to a prefix",
            remedy='pass chat_format=, for example chat_format="chatml"',
        )

    def _applied_by_llama_server(self, turns: Json, fixed: Collection[str]) -> str:
        return text(optional(self._post("/apply-template", {"messages": turns}, fixed), "prompt"))

    def _applied_by_vllm(self, turns: Json, fixed: Collection[str]) -> str:
        asked = {"model": self.name, "messages": turns}
        ids = optional(self._post("/tokenize", asked, fixed), "tokens")
        answer = self._post("/detokenize", {"model": self.name, "tokens": ids})
        return text(optional(answer, "prompt"))

    def _post(self, path: str, body: Mapping[str, Json], fixed: Collection[str] = ()) -> Json:
        return self.server.post(path, body, (), self.permit, fixed={*fixed, *PROTOCOL_WORDS})
