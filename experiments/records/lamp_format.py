"""LaMP's e-mail and abstract tasks, turned round as in the paper: write the text for the title.

LaMP asks for the subject of an e-mail (LaMP-6) or the title of an abstract (LaMP-5). A question
holds `id`, `input` ("Generate ...: BODY") and `profile`, a list of the person's own pairs; a gold
output holds the title. Here the title makes the instruction and the body is the reference.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field

from experiments.records.record import Instruction, Profile, Record, Text, Writing


class LampTask(Enum):
    """The two tasks of LaMP whose inputs are texts that a person wrote."""

    EMAIL = "LaMP_6"
    ABSTRACT = "LaMP_5"

    def instruction(self, title: str) -> str:
        """Word the task of writing the text that belongs to `title`."""
        match self:
            case LampTask.EMAIL:
                return f'Write the e-mail with the subject "{title}".'
            case LampTask.ABSTRACT:
                return f'Write the abstract of the paper with the title "{title}".'


def _body(prompt: str) -> str:
    _, _, body = prompt.partition(": ")
    if not body.strip():
        raise ValueError("must read 'Generate ...: body'")
    return body


_Id = Annotated[str, Field(coerce_numbers_to_str=True)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class LampEntry(_Part):
    """A text of the person's own with its title; LaMP-5 calls the text "abstract"."""

    title: str
    text: str = Field(validation_alias=AliasChoices("text", "abstract"))


class LampGold(_Part):
    """The title that belongs to a question's body."""

    id: _Id
    output: Text


class LampGolds(_Part):
    """LaMP's file of gold outputs."""

    golds: tuple[LampGold, ...]


class LampQuestion(_Part):
    """A question: a body to be given a title, and the person's other texts."""

    id: _Id
    body: Annotated[str, AfterValidator(_body)] = Field(alias="input")
    profile: tuple[LampEntry, ...]

    def to_record(self, title: str, task: LampTask) -> Record:
        """Turn the question round into a record without facts or private strings.

        Args:
            title: The gold output.
            task: Which task the question belongs to.
        """
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
