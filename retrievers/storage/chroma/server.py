"""A store on a Chroma server, shared by processes and machines inside the trust boundary."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.privacy.trust.admission import require_trusted, require_trusted_host
from cogenesis_langchain.retrievers.storage.chroma.chroma_errors import translated_errors
from cogenesis_langchain.retrievers.storage.chroma.chroma_settings import chroma_settings
from cogenesis_langchain.retrievers.storage.erasure_log import Erasure

if TYPE_CHECKING:
    from chromadb import Collection


class StoreServer:
    """A connection to a Chroma server.

    Args:
        host: Host of the server.
        port: Port of the server.
        ssl: Use TLS.
        headers: Sent with every request, for a proxy in front that checks a token. Chroma's server
            itself does not authenticate clients.
        trusted_hosts: Hosts besides loopback that may store private text.

    Raises:
        UntrustedLocalModel: The host is not trusted, or the requests would go through a proxy.
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
        self.location = f"{host}:{port}"
        self.lock = threading.RLock()
        require_trusted_host(host, "the Chroma client", trusted_hosts)  # before anything is sent
        settings = chroma_settings()
        import chromadb

        with translated_errors(self.location):
            self.client = chromadb.HttpClient(
                host=host, port=port, ssl=ssl, headers=headers, settings=settings
            )
        # The client itself is checked too, because it may use a proxy from the environment.
        require_trusted(self.client, trusted_hosts)

    def check_process(self) -> None:
        """Do nothing: a connection works after a fork."""

    def changing(self, collection: Collection, changes: int) -> AbstractContextManager[None]:
        """Do nothing: the server is responsible for its files."""
        return nullcontext()

    def derived_index_path(self, collection: str) -> None:
        """Return None: the derived index is kept in memory."""

    def erasing(self, erasure: Erasure) -> AbstractContextManager[None]:
        """Refuse: the server's files cannot be reached by a client.

        Raises:
            StoreError: Always.
        """
        raise StoreError(
            f"a client cannot erase the files of the Chroma server {self.location}",
            remedy="delete(ids) removes the records; to erase their bytes, stop the server and "
            "call forget or purge on its folder",
        )

    def secure_files(self) -> None:
        """Do nothing: the server is responsible for its files."""

    def secure_written_files(self) -> None:
        """Do nothing: the server is responsible for its files."""

    def close(self) -> None:
        """Close the connection."""
        client: Any = self.client  # the abstract client has no close()
        client.close()
        for part in (client, client._admin_client):  # close() leaves their connections open
            part._server._session.close()
