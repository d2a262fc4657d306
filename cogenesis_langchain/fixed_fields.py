"""Immutable fields of the chat model: to change a setting, make a copy.

The parts of the model (border, cloud connection, local model) are made from the fields once. A
field that was changed later would show one setting while another one holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from langchain_core.language_models.chat_models import BaseChatModel

from cogenesis_langchain.errors import ConfigurationError


class FixedFieldsChatModel(BaseChatModel):
    """A `BaseChatModel` whose own fields are fixed when it is made."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).model_fields and name not in BaseChatModel.model_fields:
            raise ConfigurationError(
                f"{name!r} of a {type(self).__name__} cannot be changed",
                remedy=f'make a copy: model.model_copy(update={{"{name}": ...}})',
            )
        super().__setattr__(name, value)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Make a model with other settings; they are checked and take effect as in a new one.

        Args:
            update: Fields to change.
            deep: Without effect: models, stores and clients are shared.
        """
        fields = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**fields, **(update or {})})
