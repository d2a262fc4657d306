"""Middlewares for agents of LangChain."""
