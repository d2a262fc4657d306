from __future__ import annotations

from cogenesis_langchain.fusion.blocks.draft_length import MAX_BLOCK_TOKENS, DraftLength


def settled_length(
    *, accepted: float, trip: float, draft: float = 0.02, scored: float = 0.0
) -> int:
    """Block length after a hundred rounds with these costs, in seconds."""
    length = DraftLength()
    block = 0
    for _ in range(100):
        block = 0
        while length.worth_drafting([0.9] * block):
            block += 1
            length.observe_draft(draft)
        for index in range(block):
            length.observe_verification(0.9, accepted=(index + 1) / (block + 1) <= accepted)
        expected = sum(accepted**index for index in range(block + 1))
        length.observe_request(block, trip + scored * block)
        length.observe_round(round(expected), block * draft + trip + scored * block)
    return block


def test_a_slower_network_makes_longer_blocks() -> None:
    near = settled_length(accepted=0.8, trip=0.02)
    far = settled_length(accepted=0.8, trip=0.4)
    assert near < far


def test_rejected_drafts_make_shorter_blocks() -> None:
    assert settled_length(accepted=0.3, trip=0.2) < settled_length(accepted=0.9, trip=0.2)


def test_a_cloud_that_scores_slowly_makes_shorter_blocks() -> None:
    batch = settled_length(accepted=0.8, trip=0.2)
    one_by_one = settled_length(accepted=0.8, trip=0.2, scored=0.05)
    assert one_by_one < batch


def test_a_block_never_exceeds_the_maximum() -> None:
    assert settled_length(accepted=1.0, trip=30.0) <= MAX_BLOCK_TOKENS


def test_acceptance_rates_depend_on_confidence() -> None:
    length = DraftLength()
    for _ in range(50):
        length.observe_verification(0.95, accepted=True)
        length.observe_verification(0.2, accepted=False)
    assert length.acceptance_rate(0.97) > 0.9 > 0.2 > length.acceptance_rate(0.15)
    assert length.block_acceptance([0.95, 0.95]) > 0.8 > 0.1 > length.block_acceptance([0.95, 0.2])


def test_the_first_block_is_short() -> None:
    length = DraftLength()
    assert length.worth_drafting([0.5] * 3)
    assert not length.worth_drafting([0.5] * 4)
