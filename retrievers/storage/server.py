"""A store on a Chroma server, for several processes and machines inside the trust boundary."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.privacy.hosts import require_trusted
from cogenesis_langchain.retrievers.storage.chroma_errors import explained
from cogenesis_langchain.retrievers.storage.embedded import chroma_settings
from cogenesis_langchain.retrievers.storage.erasure_log import Erasure

if TYPE_CHECKING:
    from chromadb import Collection


class StoreServer:
    """A connection to a Chroma server.

    Args:
        host: Where it runs.
        port: Its port.
        ssl: Use TLS.
        headers: Sent with every request, for a proxy in front that asks for a token; Chroma's
            server itself checks nothing.
        trusted_hosts: Hosts besides loopback that may hold private text.

    Raises:
        UntrustedLocalModel: The host is not trusted, or a proxy would carry the requests.
        StoreError: The server does not answer.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        ssl: bool = False,
        headers: dict[str, str] | None = None,
        trusted_hosts: Sequence[str] = (),
    ) -> None:
        self.where = f"{host}:{port}"
        self.lock = threading.RLock()
        require_trusted(SimpleNamespace(host=host), trusted_hosts)  # before anything is sent
        settings = chroma_settings()
        import chromadb

        with explained(self.where):
            self.client = chromadb.HttpClient(
                host=host, port=port, ssl=ssl, headers=headers, settings=settings
            )
        require_trusted(self.client, trusted_hosts)

    def check(self) -> None:
        """Do nothing: a connection can be used anywhere."""

    def changing(self, collection: Collection, changes: int) -> AbstractContextManager[None]:
        """Do nothing: the server's files are the server's care."""
        return nullcontext()

    def derived_index(self, collection: str) -> None:
        """Keep what is derived from a collection in memory."""

    def erasing(self, erasure: Erasure) -> AbstractContextManager[None]:
        """Refuse: the server's files cannot be reached from here.

        Raises:
            StoreError: Always.
        """
        raise StoreError(
            f"the files of the Chroma server {self.where} cannot be erased from here",
            remedy="delete(ids) takes the records out; to erase their bytes stop the server and "
            "use forget or purge on its folder",
        )

    def restrict(self) -> None:
        """Do nothing: the server's files are the server's care."""

    def close(self) -> None:
        """Close the connection."""
        client: Any = self.client  # only the concrete client has what follows
        client.close()
        for part in (client, client._admin_client):  # Chroma leaves their connections open
            part._server._session.close()
