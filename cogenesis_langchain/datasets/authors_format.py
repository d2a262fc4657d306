"""The format of the public data set of the paper's authors.

An item holds `tid` ("group_user_task"), `conversations` (the user's instruction and the
assistant's text), `profile` (earlier writings), `additional_profile` (lines "Key: a; b") and
`additional_tasks`. The project contains none of these data.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cogenesis_langchain.datasets.record import Instruction, Profile, Record, Text, Writing

_KEY: Final = re.compile(r"^([A-Z][A-Za-z_]*): ", re.MULTILINE)
_STYLE: Final = "Writing_style"
_LOG: Final = "Smart_device_usage"
_PRIVATE: Final = ("Name", "Privacy_info")


def _has_title(instruction: str) -> str:
    title, colon, _ = instruction.partition(": ")
    if not (title.strip() and colon):
        raise ValueError("must read 'title: details', or all of it would count as public")
    return instruction


def _opens_with_key(portrait: str) -> str:
    if not _KEY.match(portrait):
        raise ValueError("must open with a line 'Key: value; value'")
    return portrait


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class UserTurn(_Item):
    """The instruction, in the form "title: details"."""

    sender: Literal["user"] = Field(alias="from")
    value: Annotated[str, AfterValidator(_has_title)]


class AssistantTurn(_Item):
    """The reference text."""

    sender: Literal["assistant"] = Field(alias="from")
    value: Text


class EarlierText(_Item):
    """An earlier text, under the task that it answered."""

    title: Text
    text: Text


class AuthorsItem(_Item):
    """One item of the authors' list; unused fields are ignored."""

    tid: Text
    conversations: tuple[UserTurn, AssistantTurn]
    profile: tuple[EarlierText, ...]
    additional_profile: Annotated[str, AfterValidator(_opens_with_key)]

    def to_record(self) -> Record:
        """Turn the item into a record.

        The instruction is general before the first ": " and personal after it. The device log
        becomes the activity log; all other keys except the style become facts. Private strings are
        the name and each statement of private information.
        """
        user, assistant = self.conversations
        general, _, personal = user.value.partition(": ")
        portrait = _portrait(self.additional_profile)
        facts = [
            f"{key.replace('_', ' ')}: {value}"
            for key, values in portrait.items()
            if key not in (_STYLE, _LOG)
            for value in values
        ]
        private = (value for key in _PRIVATE for value in portrait.get(key, ()))
        return Record(
            id=self.tid,
            user_group=self.tid.partition("_")[0],
            profile=Profile(style="; ".join(portrait.get(_STYLE, ())), facts=tuple(facts)),
            activity_log=portrait.get(_LOG, ()),
            earlier_writings=tuple(Writing(title=w.title, text=w.text) for w in self.profile),
            instruction=Instruction(general=general, personal=personal),
            reference=assistant.value,
            required_facts=(),
            private_strings=tuple(dict.fromkeys(private)),
        )


def _portrait(text: str) -> dict[str, tuple[str, ...]]:
    """Parse lines "Key: a; b". A line without a key continues the line before it.

    A key that stands twice has the values of both lines.
    """
    pieces = _KEY.split(text)[1:]
    found: dict[str, tuple[str, ...]] = {}
    for key, values in zip(pieces[::2], pieces[1::2], strict=True):
        stated = filter(None, (" ".join(part.split()) for part in values.split(";")))
        found[key] = (*found.get(key, ()), *stated)
    return found
