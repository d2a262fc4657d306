"""Middlewares for agents of LangChain, which the extra ``agents`` installs."""

from cogenesis_langchain.errors import require_package

require_package("langchain", extra="agents")
