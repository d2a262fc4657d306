"""One record of evaluation data: a person, what they ask for, and how they would have written it.

Records hold private text. None of these classes prints it: `repr` shows a record's id and nothing
else, and validation errors are worded without the input (see `loaders.py`).
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
"""A string that says something: at least one character that is not white space."""


class _Value(BaseModel):
    """A frozen value that refuses unknown fields and never prints its content."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        return iter(())


class Profile(_Value):
    """Who writes.

    Attributes:
        style: How the person writes, in a sentence or two; empty where a set does not say.
        facts: What is known of the person, one statement each.
    """

    style: str
    facts: tuple[Text, ...]


class Writing(_Value):
    """A text the person wrote earlier, in the voice that a new one should have.

    Attributes:
        title: What it was, to whom; or the task it answered.
        text: The text.
    """

    title: Text
    text: Text


class Instruction(_Value):
    """What the person asks for.

    Attributes:
        general: The general instruction `t`: the only part that may leave the machine.
        personal: What only the local model may read; empty where a set has no such part.
    """

    general: Text
    personal: str


class RequiredFact(_Value):
    """Something a good answer must say.

    Attributes:
        name: What it is, for reports, without its value: "new date", not "14 May".
        forms: The accepted surface forms, each enough by itself: "14 May", "May 14".
    """

    name: Text
    forms: tuple[Text, ...]


class Record(_Value):
    """One instruction of one person, with everything needed to write and to judge the answer.

    Attributes:
        id: Unique within a set.
        user_group: The circle of people the writer belongs to, such as "transport workers".
        profile: Who writes.
        activity_log: What happened lately, one entry each, oldest first.
        earlier_writings: Texts in the person's own voice.
        instruction: What is asked for.
        reference: The text the person would have written.
        required_facts: What a good answer must say.
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
        """The stored private context as titled texts: profile, activity log, earlier writings.

        The personal part of the instruction is private too but is not stored anywhere beforehand,
        so it is not among them.
        """
        about = "\n".join(filter(None, (self.profile.style, *self.profile.facts)))
        log = "\n".join(self.activity_log)
        own = [("Profile", about), ("Activity log", log)]
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
        """Everything that must stay on the machine: the context and the personal instruction."""
        return f"{self.context}\n\n{self.instruction.personal}".rstrip()
