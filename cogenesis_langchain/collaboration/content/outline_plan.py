"""The outline, with what the text has to say at the points where it belongs.

The cloud model's points say in which order to write, and know nothing of what there is to say; the
local model, left with both by themselves, follows the points and forgets the facts.
"""

from __future__ import annotations

from collections.abc import Sequence

from cogenesis_langchain.collaboration.content.content_selection import telling_stems


def plan_outline(points: Sequence[str], lines: Sequence[str]) -> str:
    """Put each line to a point.

    It goes where most of its telling words stand; where several points, or none, have them, to the
    one nearest to its place among the lines. The first and the last point, where texts greet and
    take their leave, get only lines that share words with them.

    Args:
        points: Of the outline, at least one.
        lines: What the text has to say, in order.

    Returns:
        The numbered points, each with its lines behind it.
    """
    stems = [telling_stems(point) for point in points]
    behind: list[list[str]] = [[] for _ in points]
    for number, line in enumerate(lines):
        place = 1 + (number + 0.5) / len(lines) * (len(points) - 2) - 0.5
        behind[_point_for(telling_stems(line), stems, place)].append(line)
    return "\n".join(
        f"{number}. {point}: {' '.join(said)}" if said else f"{number}. {point}"
        for number, (point, said) in enumerate(zip(points, behind, strict=True), start=1)
    )


def _point_for(told: frozenset[str], points: Sequence[frozenset[str]], place: float) -> int:
    return max(
        range(len(points)), key=lambda point: (len(told & points[point]), -abs(point - place))
    )
