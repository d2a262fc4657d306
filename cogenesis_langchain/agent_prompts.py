"""The prompt texts of agents."""

from __future__ import annotations

from typing import Final

from cogenesis_langchain.prompts import PrivateTemplate

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
