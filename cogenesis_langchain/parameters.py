"""Checks the parameters of a chat model and of its calls: unknown and wrong ones are refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from os import PathLike
from typing import Annotated, Any, Final

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.runnables import Runnable
from pydantic import BaseModel, Field, ValidationError

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.unknown_parameters import refuse_unknown

Temperature = Annotated[float, Field(ge=0, allow_inf_nan=False)]
TopP = Annotated[float, Field(gt=0, le=1)]
MaxTokens = Annotated[int, Field(ge=1)]
OF_GENERATION: Final = frozenset({"temperature", "top_p", "max_tokens", "seed", "stop"})
"""Parameters of a call that are `GenerationOptions`."""
_MODELS: Final = {
    "cloud": "cloud=ChatOpenAI(model=...)",
    "local": 'local="qwen2.5-coder-1.5b-instruct", local="ollama:MODEL" or a model',
}
"""The two models, and how each is passed."""
_OF_CALL: Final = OF_GENERATION - {"stop"}  # LangChain passes stop strings apart
_OF_TOOLS: Final = frozenset({
    "tools", "tool_choice", "parallel_tool_calls", "response_format", "strict",
})  # fmt: skip
OF_THE_CLOUD: Final = dict.fromkeys(
    ("model", "model_name", "api_key", "base_url"),
    "it belongs to the cloud model: cloud=ChatOpenAI(model=..., api_key=...)",
)
"""Parameters of other chat models that belong to the cloud model here, with the remedy."""


def require_parts(given: Mapping[str, object]) -> None:
    """Check that the parts of a chat model are of a kind that it takes.

    Args:
        given: Keyword arguments of its constructor.

    Raises:
        ConfigurationError: A model is missing, is a name where none is taken, or is wrapped in a
            runnable; or the ledger is a path.
    """
    for name, example in _MODELS.items():
        model = given.get(name)
        if model is None:
            raise ConfigurationError(f"there is no {name} model", remedy=f"pass {example}")
        if isinstance(model, Runnable) and not isinstance(model, BaseChatModel):
            raise ConfigurationError(
                f"{name} is a {type(model).__name__}, and a chat model is needed",
                remedy="pass the model itself, with its options in its constructor; retries and "
                "fallbacks go around ChatCoGenesis",
            )
    if isinstance(given["cloud"], str):
        raise ConfigurationError(
            f"cloud={given['cloud']!r} is a name, and a chat model is needed",
            remedy=f"pass {_MODELS['cloud']}",
        )
    if isinstance(given.get("ledger"), (str, PathLike)):
        raise ConfigurationError(
            "ledger is a path, and a ledger is needed", remedy="pass ledger=FileLedger(path)"
        )


def options_of_call(
    defaults: GenerationOptions, stop: Collection[str] | None, given: Mapping[str, Any]
) -> GenerationOptions:
    """Return the options of one call.

    Args:
        defaults: The model's own.
        stop: Strings that end the text; None leaves the default.
        given: Keyword arguments of the call. None leaves the default.

    Raises:
        ConfigurationError: An argument is unknown, no number, or out of range.
    """
    refuse_unknown(given, _OF_CALL | _OF_TOOLS, "a call", elsewhere=OF_THE_CLOUD)
    changed = {name: given[name] for name in _OF_CALL & given.keys()}
    changed = _checked({name: value for name, value in changed.items() if value is not None})
    if stop is not None:
        changed["stop"] = tuple(stop)
    return replace(defaults, **changed, explicit=defaults.explicit | changed.keys())


class _OptionsOfCall(BaseModel):
    """Numbers that a call may choose, with the limits of the chat model's own fields."""

    temperature: Temperature = 0.0
    top_p: TopP = 1.0
    max_tokens: MaxTokens = 1
    seed: int = 0


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _OptionsOfCall.model_validate(given).model_dump(exclude_unset=True)
    except ValidationError as error:
        [first, *_] = error.errors(include_input=False)
        name, limit = first["loc"][0], first["msg"].removeprefix("Input ")
    raise ConfigurationError(
        f"{name}={given[str(name)]!r} cannot be used", remedy=f"{name} {limit}"
    )
