"""Checks the parameters of a chat model and of its calls: an unknown one is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.unknown_parameters import refuse_unknown

OF_GENERATION: Final = frozenset({"temperature", "top_p", "max_tokens", "seed", "stop"})
"""Parameters of a call that are `GenerationOptions`."""
_OF_CALL: Final = OF_GENERATION - {"stop"}  # LangChain passes stop strings apart
_OF_TOOLS: Final = frozenset({
    "tools", "tool_choice", "parallel_tool_calls", "response_format", "strict",
})  # fmt: skip
OF_THE_CLOUD: Final = dict.fromkeys(
    ("model", "model_name", "api_key", "base_url"),
    "it belongs to the cloud model: cloud=ChatOpenAI(model=..., api_key=...)",
)
"""Parameters of other chat models that belong to the cloud model here, with the remedy."""


def options_of_call(
    defaults: GenerationOptions, stop: Collection[str] | None, given: Mapping[str, Any]
) -> GenerationOptions:
    """Return the options of one call.

    Args:
        defaults: The model's own.
        stop: Strings that end the text; None leaves the default.
        given: Keyword arguments of the call. None leaves the default.

    Raises:
        ConfigurationError: An argument is unknown or out of range.
    """
    refuse_unknown(given, _OF_CALL | _OF_TOOLS, "a call", elsewhere=OF_THE_CLOUD)
    changed = {name: given[name] for name in _OF_CALL & given.keys()}
    changed = {name: value for name, value in changed.items() if value is not None}
    if stop is not None:
        changed["stop"] = tuple(stop)
    options = replace(defaults, **changed, explicit=defaults.explicit | changed.keys())
    _check(options)
    return options


def _check(options: GenerationOptions) -> None:
    ranges = (
        ("temperature", options.temperature, options.temperature >= 0, "0 or more"),
        ("top_p", options.top_p, 0 < options.top_p <= 1, "above 0 and at most 1"),
        ("max_tokens", options.max_tokens, options.max_tokens >= 1, "1 or more"),
    )
    for name, value, is_allowed, allowed in ranges:
        if not is_allowed:
            raise ConfigurationError(
                f"{name}={value!r} is out of range", remedy=f"{name} has to be {allowed}"
            )
