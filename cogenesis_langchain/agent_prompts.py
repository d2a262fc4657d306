"""The prompt texts of agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cogenesis_langchain.prompts import PrivateTemplate, PublicTemplate

AGENT_SYSTEM: Final = PrivateTemplate(
    """You are the user's own assistant. You know the user from the notes and from the results of
tools. Use names, dates, amounts and facts exactly as they stand there, and invent none."""
)

AGENT_NOTES: Final = PrivateTemplate("Notes about the user:\n\n{context}")

TOOLS: Final = PrivateTemplate(
    """# Tools

You may call one or more functions to help with the user's request. Their signatures stand within
<tools></tools>:
<tools>
{tools}
</tools>

For each call, write a JSON object with the function's name and arguments within
<tool_call></tool_call>:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>

Call a function where its result is needed. Once the results are there, answer the user."""
)

JSON_ANSWER: Final = PrivateTemplate(
    """Write the answer as one JSON object of this schema, and nothing else:
{schema}"""
)

TOOL_RESULT: Final = PrivateTemplate("<tool_response>\n{result}\n</tool_response>")

RESULT_CUT: Final = PrivateTemplate("\n(The rest of this result is too long and was left out.)")

PLAN_SYSTEM: Final = PublicTemplate(
    """You plan tasks for an assistant that has tools. You see the request and the tools, but no
private details: no calendar, mail, contacts, files or results. The assistant sees them, fills in
the arguments and carries out your plan. You answer with one JSON object and nothing else:

{"steps": [{"tool": "...", "fill": {"argument": "what belongs there"}, "if": "...", "each": "..."}],
"answer": "what to tell the user in the end"}

Rules:
- "fill" says for each argument in plain words what belongs there, such as "date of the
  appointment" or "the friend's address, from $1"; you invent no names, dates, numbers or addresses
- $1, $2, ... are the results of earlier steps
- look up what the assistant has to know before it is used
- "if" (optional) says in words when the step is needed; without it the step is always done
- "each" (optional) says for which items of an earlier result the step is repeated
- use only the tools that are listed, and as few steps as the task needs; none if it needs none"""
)

PLAN_EXAMPLE: Final = (
    PublicTemplate(
        """Tools:
{"name": "find_contact", "description": "Find a person.", "arguments": {"name": {"type": "string"}}}
{"name": "send_message", "description": "Send a message.", "arguments": {"number": {"type":
"string"}, "text": {"type": "string"}}}

Request: Tell my neighbour that I am late.

Plan:"""
    ),
    PublicTemplate(
        """{"steps": [{"tool": "find_contact", "fill": {"name": "name of the neighbour"}}, {"tool":
"send_message", "fill": {"number": "the neighbour's number, from $1", "text": "short message that
the user is late"}}], "answer": "say that the neighbour was told"}"""
    ),
)

PLAN_REQUEST: Final = PublicTemplate("Tools:\n{tools}\n\nRequest: {instruction}\n\nPlan:")

PLAN_RETRY: Final = PublicTemplate(
    """Tools:
{tools}

Request: {instruction}

An earlier plan was rejected: {fault}.

Plan:"""
)

PLAN_MORE_TOOLS: Final = PublicTemplate("{before}\n{tool}")

PLAN_FAULTS: Final[Mapping[str, PublicTemplate]] = {
    "prose": PublicTemplate("it was not one JSON object of the form that the rules describe"),
    "length": PublicTemplate("it was far too long"),
    "count": PublicTemplate("it had too many steps"),
    "tool": PublicTemplate("it named a tool or an argument that does not exist"),
    "reference": PublicTemplate("it referred to the result of a step that is not an earlier one"),
    "markup": PublicTemplate("it held links, addresses or markup"),
}

PLAN_STEPS: Final = PrivateTemplate("The plan of this task:\n{steps}")

PLAN_CALL: Final = PrivateTemplate("Now do this: {call}")

PLAN_CALL_FOR: Final = PrivateTemplate('Now do this for "{item}": {call}')

PLAN_UNKNOWN_RECEIVER: Final = PrivateTemplate(
    """{told}
This address stands nowhere above: {values}. Copy the right one from above exactly, or leave it
empty if there is none."""
)

PLAN_ANSWER: Final = PrivateTemplate("Now answer the user: {answer}")

PLAN_ANSWER_OF_RESULTS: Final = PrivateTemplate(
    """Now answer the user: {answer}
Take it from the results above and the notes; say so if they do not have it."""
)

PLAN_UNFINISHED: Final = PrivateTemplate(
    """Now answer the user. The plan was: {answer}
But these steps were not done, or not wholly, so do not say that they were:
{steps}"""
)

PLAN_NEEDED: Final = PrivateTemplate(
    """The next step is: {step}
Is this step needed? Answer with JSON: {"needed": true} or {"needed": false}."""
)

PLAN_ITEMS: Final = PrivateTemplate(
    """The next step is: {step}
For which items is this step needed? Answer with JSON: {"items": ["first item", "second item"]}.
Write each item once, by its name; {"items": []} if there is none."""
)

PLAN_AFTER_ERROR: Final = PrivateTemplate(
    """A call of this step failed: {step}
Answer with JSON: {"next": "again"} to call once more with other arguments, {"next": "go on"} to go
on with the plan without this call, or {"next": "answer"} to end the task and tell the user."""
)

PLAN_FAILED_ITEMS: Final = PrivateTemplate(
    """A call of this step failed: {step}
For which items has it to be done again? Answer with JSON: {"items": ["item"]}."""
)
