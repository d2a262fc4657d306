"""Quickstart: the cloud model sees the request, the local model also sees the profile."""

from __future__ import annotations

from langchain_core.messages import HumanMessage, SystemMessage

from cogenesis_langchain import ChatCoGenesis, LlamaCppModel, MemoryLedger, open_cloud

PROFILE = (
    "I am Oksana Merriweather, 34, a cellist in the Tarn Valley Sinfonia. My dentist is "
    "Dr Felix Obi. My check-up is on 14 May at 10:30; we now rehearse that morning. I am free on "
    "19 May after 14:00 and on 21 May all day."
)


def main() -> None:
    """Stream a text, then print what was sent to the cloud."""
    ledger = MemoryLedger()
    with open_cloud() as cloud:  # uses OPENAI_API_KEY or OPENAI_BASE_URL, else a local stand-in
        model = ChatCoGenesis(
            cloud=cloud, local=LlamaCppModel(), ledger=ledger, temperature=0.3, max_tokens=200
        )
        request = [
            SystemMessage(PROFILE),
            HumanMessage("Write an e-mail to my dentist asking to move my appointment."),
        ]
        for chunk in model.stream(request):
            print(chunk.text, end="", flush=True)
    print()
    for entry in ledger.entries:
        print(f"\nsent to {entry.endpoint}: {len(entry.payload)} bytes, {entry.verdict}")
        assert b"Oksana" not in entry.payload and b"Obi" not in entry.payload


if __name__ == "__main__":
    main()
