"""One record of evaluation data: a person, what they ask for, and how they would have written it.

Records are private text. None of these classes prints its content.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Text = Annotated[str, AfterValidator(_not_blank)]
"""A string that is not blank."""


class PrivateData(BaseModel):
    """A frozen value that refuses unknown fields and never prints its content."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        return iter(())


class Profile(PrivateData):
    """How the person writes (a sentence or two, may be empty), and statements about them."""

    style: str
    facts: tuple[Text, ...]


class Writing(PrivateData):
    """A text that the person wrote earlier; the title says what it was, or the task it answered."""

    title: Text
    text: Text


class Instruction(PrivateData):
    """What the person asks for.

    Attributes:
        general: The general instruction `t`, the only part that may leave the machine.
        personal: What only the local model may read; may be empty.
    """

    general: Text
    personal: str


class RequiredFact(PrivateData):
    """Something that a good answer must state.

    Attributes:
        name: What it is, without its value, for reports: "new date", not "14 May".
        forms: The accepted surface forms, of which one is enough: "14 May", "May 14".
    """

    name: Text
    forms: tuple[Text, ...]


class Record(PrivateData):
    """One instruction of one person, with all that is needed to write and to judge the answer.

    Attributes:
        id: Unique within a set.
        user_group: Group of people the person belongs to, such as "transport workers".
        profile: Who writes.
        activity_log: What happened lately, oldest entry first.
        earlier_writings: Texts that the person wrote earlier.
        instruction: What is asked for.
        reference: The text that the person would have written.
        required_facts: What a good answer must state.
        private_strings: Strings that must never reach the cloud model.
    """

    id: Text
    user_group: Text
    profile: Profile
    activity_log: tuple[Text, ...]
    earlier_writings: tuple[Writing, ...]
    instruction: Instruction
    reference: Text
    required_facts: tuple[RequiredFact, ...]
    private_strings: tuple[Text, ...]

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        yield "id", self.id

    @property
    def context_parts(self) -> tuple[Writing, ...]:
        """The stored private context: profile, activity log, earlier writings.

        The personal part of the instruction is private too, but it is not stored beforehand.
        """
        about = "\n".join(filter(None, (self.profile.style, *self.profile.facts)))
        own = [("Profile", about), ("Activity log", "\n".join(self.activity_log))]
        return (
            *(Writing(title=title, text=text) for title, text in own if text.strip()),
            *self.earlier_writings,
        )

    @property
    def context(self) -> str:
        """All of `context_parts` as one text, each part under its title."""
        return "\n\n".join(f"{part.title}\n{part.text}" for part in self.context_parts)

    @property
    def private_text(self) -> str:
        """The context and the personal instruction: everything that must stay on the machine."""
        return f"{self.context}\n\n{self.instruction.personal}".rstrip()
