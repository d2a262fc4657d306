"""LangChain agent middleware; it needs the extra ``agents``."""

from cogenesis_langchain.errors import require_package

require_package("langchain", extra="agents")
