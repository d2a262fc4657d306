"""Models inside the trust boundary: llama.cpp, transformers, LangChain chat models."""
