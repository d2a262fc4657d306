"""Parsers of structured answers whose errors tell nothing of the answer, which is private."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from langchain_core.output_parsers import (
    BaseCumulativeTransformOutputParser,
    JsonOutputParser,
    PydanticOutputParser,
)
from langchain_core.output_parsers.openai_tools import (
    JsonOutputKeyToolsParser,
    PydanticToolsParser,
)
from langchain_core.outputs import Generation
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import ValidationError

from cogenesis_langchain.errors import StructuredAnswerInvalid

Method = Literal["json_schema", "function_calling", "json_mode"]


class DiscreetParser(BaseCumulativeTransformOutputParser[Any]):
    """A parser of LangChain without errors that quote the answer."""

    parser: BaseCumulativeTransformOutputParser[Any]
    """The parser."""
    fields: tuple[str, ...] = ()
    """Names of the fields of the schema: the developer chose them, so errors may name them."""

    @classmethod
    def of(cls, schema: Any, method: Method) -> DiscreetParser:
        """Return the parser for a schema and a method of `with_structured_output`."""
        if not (isinstance(schema, type) and is_basemodel_subclass(schema)):
            if method != "function_calling":
                return cls(parser=JsonOutputParser())
            name = convert_to_openai_tool(schema)["function"]["name"]
            return cls(parser=JsonOutputKeyToolsParser(key_name=name, first_tool_only=True))
        # Models of pydantic 1 have `__fields__`; on others this name is deprecated.
        known = "model_fields" if hasattr(schema, "model_fields") else "__fields__"
        fields = tuple(getattr(schema, known))
        if method != "function_calling":
            return cls(parser=PydanticOutputParser(pydantic_object=schema), fields=fields)
        return cls(parser=PydanticToolsParser(tools=[schema], first_tool_only=True), fields=fields)

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        """Parse an answer, or the beginning of one.

        Raises:
            StructuredAnswerInvalid: It does not fit the schema.
        """
        try:
            return self.parser.parse_result(result, partial=partial)
        # A validator of the schema can raise anything, and quote the answer.
        except Exception as error:
            problem = _problem(error, self.fields)
        # Raised here, so that the other error is no context of this one.
        raise StructuredAnswerInvalid(problem)

    @property
    def OutputType(self) -> Any:
        """What the parser returns."""
        return self.parser.OutputType

    def parse(self, text: str) -> Any:
        """Parse a text; see `parse_result`."""
        return self.parse_result([Generation(text=text)])


def _problem(error: Exception, fields: Collection[str]) -> str:
    """What is wrong with an answer: fields of the schema, and kinds of errors."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ValidationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return "it is not JSON, or no object of the schema"
    found = (
        (str(one["loc"][0]) if one["loc"] else "", one["type"])
        for one in cause.errors(include_input=False, include_context=False, include_url=False)
    )
    # Further parts of a location can be keys that the model wrote.
    return ", ".join(f"{name} ({kind})" if name in fields else f"({kind})" for name, kind in found)
