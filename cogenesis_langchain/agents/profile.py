"""The model profile: what LangChain may ask of a chat model."""

from __future__ import annotations

from langchain_core.language_models.model_profile import ModelProfile

from cogenesis_langchain.agents.tool_turn import ToolTurn


def profile_of(turn: ToolTurn, max_tokens: int) -> ModelProfile:
    """Return the profile of a chat model.

    Args:
        turn: Knows whether the local model can call tools and follow schemas.
        max_tokens: Most tokens of an answer.
    """
    return ModelProfile(
        text_inputs=True,
        text_outputs=True,
        image_inputs=False,
        audio_inputs=False,
        video_inputs=False,
        pdf_inputs=False,
        reasoning_output=False,
        max_output_tokens=max_tokens,
        temperature=True,
        tool_calling=turn.is_possible,
        tool_choice=turn.is_possible,
        tool_call_streaming=turn.is_possible,
        structured_output=turn.is_possible,
    )
