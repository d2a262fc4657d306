"""Checks arguments against their JSON schema, with the keywords that no grammar can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping

from jsonschema import Draft202012Validator

from cogenesis_langchain.models.base import Json


def follows_schema(arguments: str, schema: Mapping[str, Json]) -> bool:
    """Return whether a JSON text is an object of a schema."""
    return is_object(arguments) and Draft202012Validator(schema).is_valid(json.loads(arguments))


def is_object(arguments: str) -> bool:
    """Return whether a text is a complete JSON object."""
    try:
        return isinstance(json.loads(arguments), dict)
    except ValueError:
        return False
