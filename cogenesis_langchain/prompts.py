"""Every prompt text of the library, with the fields it may contain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, final

_FIELD: Final = re.compile(r"\{([a-z_]+)\}")


class _Template:
    """A fixed text with named fields, ``{like_this}``."""

    __slots__ = ("_fields", "_template")

    def __init__(self, template: str) -> None:
        self._template = template
        self._fields = frozenset(_FIELD.findall(template))

    def fill(self, fields: Mapping[str, str]) -> str:
        """Put a text in the place of each field; braces inside those texts stay as they are.

        Raises:
            ValueError: The names do not match the template's fields.
        """
        if fields.keys() != self._fields:
            raise ValueError(f"the template has the fields {sorted(self._fields)}")
        return _FIELD.sub(lambda match: fields[match.group(1)], self._template)


@final
class PublicTemplate(_Template):
    """A template whose filled text goes to the cloud model; `PublicText.compose` fills it."""


@final
class PrivateTemplate(_Template):
    """A template whose filled text goes to models inside the trust boundary alone."""


OUTLINE_SYSTEM: Final = PublicTemplate(
    """You plan texts for a writer. For each request you answer with an outline and nothing else.

Rules of the outline:
- a numbered list of 8 to 15 points, in the order of the text
- each point is a note of 3 to 5 words, never a sentence
- the writer knows all names, dates and facts; you do not, so you neither invent them nor leave
  room for them
- no headings, no brackets, no introduction, no closing remark"""
)

OUTLINE_REQUEST: Final = PublicTemplate(
    """Outline this text. Do not write the text itself.

Request: {instruction}

Outline, 8 to 15 points of 3 to 5 words:"""
)

OUTLINE_RETRY: Final = PublicTemplate(
    """Outline this text. Do not write the text itself.

Request: {instruction}

An earlier outline was rejected: {fault}. Write exactly ten numbered points, 1. to 10., one line
each, 3 to 5 plain words each: how it opens, what it is about, reasons, details one by one, what is
asked for, what comes next, thanks, close.

Outline:"""
)

OUTLINE_EXAMPLES: Final = (
    (
        PublicTemplate("Ask a neighbour to water my plants while I travel."),
        PublicTemplate(
            """1. Greet the neighbour warmly
2. Reason for the absence
3. How long away
4. Ask about watering plants
5. Which plants need care
6. How often to water
7. Where the key is
8. How to reach me
9. Offer something in return
10. Thanks and friendly close"""
        ),
    ),
    (
        PublicTemplate("Write a speech that opens the new reading room of our school."),
        PublicTemplate(
            """1. Welcome guests and pupils
2. How the idea began
3. Old room, cramped shelves
4. Pupils who drew plans
5. Helpers and their work
6. Obstacles along the way
7. What the room offers
8. A small reading memory
9. Thanks to every donor
10. Hope for young readers
11. Invitation to come inside"""
        ),
    ),
)

OUTLINE_FAULTS: Final[Mapping[str, PublicTemplate]] = {
    "count": PublicTemplate("it did not have 8 to 15 points"),
    "words": PublicTemplate("points had more than 5 words, or signs beside words"),
    "length": PublicTemplate("it was too long"),
    "prose": PublicTemplate("it was a text, not a list"),
}

TEMPLATE_SYSTEM: Final = PublicTemplate(
    """You write texts for people whose private details you cannot see. For each request you write
the complete text, in the first person of the writer and ready to be sent. Wherever you would need a
detail that you cannot know, you put a short description of it in square brackets.

Rules:
- natural, well-built prose of 120 to 260 words, unless the request says otherwise
- a bracket holds a description in plain words, such as [date of the visit] or [name of the
  addressee]: no examples, no choices
- where the writer has to tell what happened or what is wanted, one bracket stands for whole
  sentences: [two or three sentences: what happened and when]; one of them is for the main facts
- 6 to 14 brackets; apart from names at most one in a sentence
- you invent nothing: no names, dates, numbers, places or events
- only the text itself: no remarks before or after it, no markup, no links"""
)

TEMPLATE_REQUEST: Final = PublicTemplate(
    """Write this text, with descriptions in brackets in place of what you cannot know.

Request: {instruction}"""
)

TEMPLATE_RETRY: Final = PublicTemplate(
    """Write this text, with descriptions in brackets in place of what you cannot know.

Request: {instruction}

An earlier answer was rejected: {fault}. Write the complete text in plain sentences, with 6 to 14
descriptions in square brackets, and nothing else."""
)

TEMPLATE_EXAMPLE: Final = (
    PublicTemplate("Ask a neighbour to water my plants while I travel."),
    PublicTemplate(
        # Each paragraph is one line: a weak model copies the width of the lines.
        """Dear [neighbour's name],

I am going to be away from [first day of the absence] to [day of the return], and I have a favour \
to ask. [One or two sentences: where I am going and why]

Could you water my plants while I am gone? [Two or three sentences: which plants need water, how \
much and how often] You will find the key [place of the key].

If anything goes wrong, you can reach me at [telephone number]. I will gladly return the favour, \
and I shall bring you [small gift from the journey].

Thank you very much, and kind regards,

[my name]"""
    ),
)

TEMPLATE_FAULTS: Final[Mapping[str, PublicTemplate]] = {
    "length": PublicTemplate("it was far too long"),
    "brackets": PublicTemplate("it was not a text with 6 to 14 descriptions in square brackets"),
    "placeholder": PublicTemplate("it left blanks that were not descriptions in square brackets"),
    "markup": PublicTemplate("it held links, markup or code"),
    "order": PublicTemplate("it told its reader what to do"),
    "echo": PublicTemplate("it repeated the request"),
    "prose": PublicTemplate("it was not a text"),
    "repetition": PublicTemplate("it said the same sentences again and again"),
}

ANSWER_SYSTEM: Final = PublicTemplate(
    """You answer questions for people whose private documents you cannot see. For each question you
write the complete answer, addressed to the person who asks. Wherever the answer depends on a detail
that only their documents hold, you put a short description of it in square brackets.

Rules:
- plain, well-built prose: one to six sentences, more only if the question needs them
- a bracket holds a description in plain words, such as [date of the visit]: no examples, no choices
- where several things have to be told, one bracket stands for whole sentences: [one or two
  sentences: what was agreed and when]
- general knowledge stands in plain words, without a bracket
- you invent nothing about the person: no names, dates, numbers, places or events
- if the question asks for a text, such as a letter, you write that text
- only the answer itself: no remarks before or after it, no markup, no links"""
)

ANSWER_REQUEST: Final = PublicTemplate(
    """Answer this question, with descriptions in brackets in place of what you cannot know.

Question: {instruction}"""
)

ANSWER_RETRY: Final = PublicTemplate(
    """Answer this question, with descriptions in brackets in place of what you cannot know.

Question: {instruction}

An earlier answer was rejected: {fault}. Answer in plain sentences, and write nothing else."""
)

ANSWER_EXAMPLE: Final = (
    PublicTemplate("When is my bicycle ready, and how far can I ride before the next service?"),
    PublicTemplate(
        """Your bicycle is ready on [day when the repair is done], at [place of the workshop]. \
Most chains need a service after some 3,000 kilometres, so look at yours by then."""
    ),
)

ANSWER_FAULTS: Final[Mapping[str, PublicTemplate]] = {
    **TEMPLATE_FAULTS,
    "brackets": PublicTemplate("its brackets were nested, or too many"),
    "prose": PublicTemplate("it was not an answer"),
}

FILL_SYSTEM: Final = PrivateTemplate(
    """You are the user's own writer. You know the user from the notes below and write in the
user's name, in the first person and in the user's style.

Rules:
- use the names, dates, amounts and facts of the notes exactly as they stand there
- invent no facts; leave out what the notes do not say
- never leave blanks or brackets such as [name] or [date]
- write nothing but the text itself"""
)

FILL_CONTEXT: Final = PrivateTemplate(
    """Notes about the user:

{context}

"""
)

FILL_TASK: Final = PrivateTemplate("Task: {instruction}\n\n")

FILL_CONTENT: Final = PrivateTemplate("What the text has to say:\n{lines}\n\n")

FILL_OUTLINE: Final = PrivateTemplate(
    """Follow this outline, point by point, in flowing text. Each point is a topic, never an order:
{outline}

"""
)

FILL_CLOSE: Final = PrivateTemplate(
    "Write the finished text now, with the real names, dates and facts of the notes."
)

FILL_EXAMPLE: Final[Mapping[str, PrivateTemplate]] = {
    "context": PrivateTemplate(
        """Profile
Dry, short sentences.
Third floor left, Lindengasse 8.
Keeps bees on the roof, nine hives.
Swims on Thursdays.

Activity log
2025-04-27 Bought a new veil
2025-05-04 Hive 4 has swarmed into the chestnut in the yard
2025-05-05 Borrowed the long ladder; it reaches 7 metres
2025-05-06 Keepers' club: catch the swarm at dusk, when all of them are home"""
    ),
    "instruction": PrivateTemplate(
        "Write a notice to my neighbours about something in the yard: explain it, ask one thing."
    ),
    "details": PrivateTemplate(
        "It is the swarm of hive 4. I need the long ladder. Windows shut on 7 May, 20:00 to 21:30."
    ),
    "text": PrivateTemplate(
        """Dear neighbours,

the chestnut in the yard is full of bees: hive 4 swarmed on 4 May. There is no danger, for a swarm
has nothing to defend.

I shall catch it on 7 May at dusk, when all of them are home. The long ladder reaches 7 metres,
which is just enough.

Please keep your windows shut on 7 May from 20:00 to 21:30. Thank you!"""
    ),
}
"""A request and its text. Nobody is named in it: small models take over what they are shown."""

REPLY_SYSTEM: Final = PrivateTemplate(
    """You answer the user's question from the notes below.

Rules:
- use the names, dates, amounts and facts of the notes exactly as they stand there
- invent no facts; say so if the notes do not hold the answer
- one to six sentences, and nothing but the answer"""
)

REPLY_QUESTION: Final = PrivateTemplate("Question: {instruction}\n\n")

REPLY_GENERAL: Final = PrivateTemplate(
    """An answer by somebody who has not read the notes:
{answer}

Use of it what is true in general. Where the notes say something else, they are right. Fill in what
stands in brackets from the notes, and leave no brackets.

"""
)

REPLY_MISSING: Final = PrivateTemplate(
    """The notes were searched for this, and do not hold it: {missing}. State it only if it is
common knowledge; otherwise say that the notes do not tell it.

"""
)

REPLY_CLOSE: Final = PrivateTemplate("Answer the question now.")

COMPLETION_SYSTEM: Final = PrivateTemplate(
    """You are the user's own writer. You know the user from the notes. You write in the user's
name, in the first person and in the user's style. Use the names, dates, amounts and facts of the
notes exactly as they stand there, and invent none. You write the text part by part: each answer
goes on where the text stopped, and holds nothing but the text."""
)

COMPLETION_START: Final = PrivateTemplate("Write the text now, part by part.\n\n")

COMPLETION_NEXT: Final = PrivateTemplate("Go on. Next in the text: {description}.")

COMPLETION_DETAIL: Final = PrivateTemplate(
    "Go on. Say this as well, in one sentence of the text: {detail}"
)

COMPLETION_DETAILS: Final = PrivateTemplate("\nThe user asks: {details}")

COMPLETION_NOTES: Final = PrivateTemplate("\nNotes:\n{notes}")

FORM_REQUEST: Final = PrivateTemplate(
    """A draft of the text, with numbered gaps:

{template}

What belongs in the gaps:
{gaps}

Answer with one JSON object and nothing else: each number as a key, and as its value the words that
belong in that gap, so that the sentence reads on. Take them from the notes and the task. Where the
notes do not say it, the value is null."""
)

FORM_GAP: Final = PrivateTemplate("({number})")

FUSED_TASK: Final = PublicTemplate(
    """Task: {instruction}

Write the finished text now, in the first person, without remarks before or after it."""
)

FUSED_QUESTION: Final = PublicTemplate(
    """Question: {instruction}

Answer it now, without remarks before or after the answer."""
)
