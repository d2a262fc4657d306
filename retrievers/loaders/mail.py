"""Loaders for mails and mailboxes."""

from __future__ import annotations

import email
import mailbox
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default as policy
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from langchain_core.documents import Document

from cogenesis_langchain.errors import UnreadableFile
from cogenesis_langchain.retrievers.loaders.pages import check_size, html_text
from cogenesis_langchain.retrievers.loaders.text import decode

# What Python's parser raises on malformed mails, most of it by mistake.
_PARSER_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MessageError,
    RecursionError,
    TypeError,
    ValueError,
)
_SHOWN: Final = ("From", "To", "Cc", "Date", "Subject")


def load_mail(path: Path) -> Iterator[Document]:
    """Load an ``.eml`` file: headers and body, plain text preferred to HTML, no attachments.

    Raises:
        UnreadableFile: The file is too large, or has no mail header.
    """
    check_size(path)
    with path.open("rb") as file:
        message = email.message_from_binary_file(file, policy=policy)
    if not any(_header(message, name) for name in _SHOWN):
        raise UnreadableFile("the file is not a mail", remedy="export the mail again as .eml")
    yield _document(message)


def load_mailbox(path: Path) -> Iterator[Document]:
    """Load an mbox file mail by mail.

    Raises:
        UnreadableFile: The file contains no mail, or, after the last mail, some cannot be read.
    """
    with closing(mailbox.mbox(path, create=False)) as box:
        if not len(box):
            raise UnreadableFile(
                "the file contains no mail", remedy="export the mailbox again as mbox"
            )
        unread = 0
        for key in box.iterkeys():
            try:
                mail = _document(email.message_from_bytes(box.get_bytes(key), policy=policy))
            except _PARSER_ERRORS:
                unread += 1
                continue
            yield mail
        if unread:
            raise UnreadableFile(
                f"{unread} of its {len(box)} mails cannot be read",
                remedy="the others are stored; export these mails again, one by one, as .eml",
            )


def _document(message: EmailMessage) -> Document:
    headers = [f"{name}: {text}" for name in _SHOWN if (text := _header(message, name))]
    metadata = {"kind": "activity", "title": _header(message, "Subject")}
    if sent := _sent(message):
        metadata["date"] = sent.isoformat()
    return Document(
        page_content="\n".join(headers) + "\n\n" + _body(message),
        metadata={name: value for name, value in metadata.items() if value},
    )


def _header(message: EmailMessage, name: str) -> str:
    """Return a decoded header, or the raw one if it is malformed."""
    try:
        return str(message[name] or "")
    except _PARSER_ERRORS:
        raw = dict(message.raw_items())
        return str(raw[name]).strip()


def _sent(message: EmailMessage) -> datetime | None:
    try:
        return parsedate_to_datetime(_header(message, "Date"))
    except (ValueError, OverflowError):
        return None


def _body(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    content = body.get_payload(decode=True)
    text = decode(bytes(content), body.get_content_charset("utf-8"))
    return html_text(text)[0] if body.get_content_subtype() == "html" else text
