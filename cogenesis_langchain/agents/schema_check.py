"""Checks arguments against their JSON schema, with the keywords that no grammar can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping

from jsonschema import Draft202012Validator

from cogenesis_langchain.models.base import Json


def follows_schema(arguments: str, schema: Mapping[str, Json]) -> bool:
    """Return whether a JSON text is an object of a schema."""
    return is_object(arguments) and Draft202012Validator(schema).is_valid(json.loads(arguments))


def only_listed(arguments: str, schema: Mapping[str, Json]) -> str:
    """Return an object without the members that a closed schema does not list."""
    properties = schema.get("properties")
    is_closed = schema.get("additionalProperties") is False and "patternProperties" not in schema
    if not is_closed or not isinstance(properties, Mapping):
        return arguments
    given = json.loads(arguments)
    kept = {name: value for name, value in given.items() if name in properties}
    return arguments if len(kept) == len(given) else json.dumps(kept, ensure_ascii=False)


def is_object(arguments: str) -> bool:
    """Return whether a text is a complete JSON object."""
    try:
        return isinstance(json.loads(arguments), dict)
    except ValueError:
        return False
