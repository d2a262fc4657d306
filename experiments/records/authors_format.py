"""The format of the public set of the paper's authors, and what its parts mean here.

An item holds `tid` ("group_user_task"), `conversations` (the user's instruction and the
assistant's text), `profile` (earlier writings), `additional_profile` (lines "Key: a; b") and
`additional_tasks`. Described from the published files; nothing of them is in this project.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from experiments.records.record import Instruction, Profile, Record, Text, Writing

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


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class UserTurn(_Part):
    """The instruction, worded "title: details"."""

    sender: Literal["user"] = Field(alias="from")
    value: Annotated[str, AfterValidator(_has_title)]


class AssistantTurn(_Part):
    """The reference text."""

    sender: Literal["assistant"] = Field(alias="from")
    value: Text


class EarlierText(_Part):
    """A text the person wrote earlier, under the task it answered."""

    title: Text
    text: Text


class AuthorsItem(_Part):
    """One item of the authors' list. Fields that are not used here are passed over."""

    tid: Text
    conversations: tuple[UserTurn, AssistantTurn]
    profile: tuple[EarlierText, ...]
    additional_profile: Annotated[str, AfterValidator(_opens_with_key)]

    def to_record(self) -> Record:
        """Turn the item into a record.

        The part of the instruction before the first ": " is the general instruction, the rest is
        personal. The device log becomes the activity log, all other keys but the style become
        facts. Private strings are the name and each statement of private information.
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
        return Record(
            id=self.tid,
            user_group=self.tid.partition("_")[0],
            profile=Profile(style="; ".join(portrait.get(_STYLE, ())), facts=tuple(facts)),
            activity_log=portrait.get(_LOG, ()),
            earlier_writings=tuple(Writing(title=w.title, text=w.text) for w in self.profile),
            instruction=Instruction(general=general, personal=personal),
            reference=assistant.value,
            required_facts=(),
            private_strings=tuple(
                dict.fromkeys(value for key in _PRIVATE for value in portrait.get(key, ()))
            ),
        )


def _portrait(text: str) -> dict[str, tuple[str, ...]]:
    """Read lines "Key: a; b". A line that opens with no key goes on with the one before it."""
    pieces = _KEY.split(text)[1:]
    return {
        key: tuple(filter(None, (" ".join(part.split()) for part in values.split(";"))))
        for key, values in zip(pieces[::2], pieces[1::2], strict=True)
    }
