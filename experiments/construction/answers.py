"""The shape of the author's answers in each step."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Portraits(_Answer):
    """Groups of people who write, such as "transport workers"."""

    groups: list[str] = Field(description="short names of groups of people, all different")


class Person(_Answer):
    """An invented person of a group."""

    style: str = Field(description="how the person writes, in one or two sentences")
    facts: list[str] = Field(
        description="four to six statements about the person: full name, age, place, work, people "
        "around them, something private; each a sentence"
    )
    activity_log: list[str] = Field(
        description="five to seven dated entries of the last weeks, with names, numbers, prices"
    )
    earlier_writings: list[EarlierWriting] = Field(description="two texts in the person's voice")


class EarlierWriting(_Answer):
    """A text that the person wrote earlier."""

    title: str = Field(description="what the text is")
    text: str = Field(description="sixty to a hundred words")


class Assignment(_Answer):
    """A text that the person needs."""

    general: str = Field(
        description="the task without anything private, as a stranger may read it; ten to thirty "
        "words: 'Write an email to my landlord about ...'"
    )
    personal: str = Field(
        description="what the text has to say in particular, in the person's words; two to four "
        "sentences, some of which point to the activity log without repeating it"
    )


class Fact(_Answer):
    """Something that the text states."""

    name: str = Field(description="what it is, without its value: 'new date'")
    forms: list[str] = Field(
        description="its value as it stands in the text, and as it stands in notes or task"
    )


class PersonalText(_Answer):
    """The text as the person would have written it."""

    text: str = Field(description="120 to 200 words, in the person's style")
    required_facts: list[Fact] = Field(
        description="four to six facts that the text states and that can be known from notes or "
        "task, none of which the general task gives away"
    )
    private_strings: list[str] = Field(
        description="eight to twelve names, dates, amounts and places, exactly as they stand in "
        "the notes"
    )
