"""LaMP's e-mail and abstract tasks, reversed as in the paper: write the text for a title.

LaMP asks for the subject of an e-mail (LaMP-6) or the title of an abstract (LaMP-5). Here the title
makes the instruction, and the body is the reference.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field

from cogenesis_langchain.datasets.record import Instruction, Profile, Record, Text, Writing


class LampTask(Enum):
    """The two tasks of LaMP whose inputs are texts that a person wrote."""

    EMAIL = "LaMP_6"
    ABSTRACT = "LaMP_5"

    def instruction(self, title: str) -> str:
        """Word the task of writing the text that belongs to `title`."""
        if self is LampTask.EMAIL:
            return f'Write the e-mail with the subject "{title}".'
        return f'Write the abstract of the paper with the title "{title}".'


def _body(prompt: str) -> str:
    _, _, body = prompt.partition(": ")
    if not body.strip():
        raise ValueError("must read 'Generate ...: body'")
    return body


_Id = Annotated[str, Field(coerce_numbers_to_str=True)]


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class LampEntry(_Item):
    """A text of the person with its title; LaMP-5 calls the text "abstract"."""

    title: str
    text: str = Field(validation_alias=AliasChoices("text", "abstract"))


class LampGold(_Item):
    """The title that belongs to a question's body."""

    id: _Id
    output: Text


class LampGolds(_Item):
    """LaMP's file of gold outputs."""

    golds: tuple[LampGold, ...]


class LampQuestion(_Item):
    """A body that needs a title ("Generate ...: body"), and the person's other texts."""

    id: _Id
    body: Annotated[str, AfterValidator(_body)] = Field(alias="input")
    profile: tuple[LampEntry, ...]

    def to_record(self, title: str, task: LampTask) -> Record:
        """Reverse the question, with its gold title, into a record without facts."""
        return Record(
            id=self.id,
            user_group=task.value,
            profile=Profile(style="", facts=()),
            activity_log=(),
            earlier_writings=tuple(
                Writing(title=entry.title, text=entry.text)
                for entry in self.profile
                if entry.title.strip() and entry.text.strip()
            ),
            instruction=Instruction(general=task.instruction(title), personal=""),
            reference=self.body,
            required_facts=(),
            private_strings=(),
        )
