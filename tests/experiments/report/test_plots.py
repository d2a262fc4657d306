from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from experiments.report.measures import Measured, gather
from experiments.report.plots import means, save, stability, told, trade_off
from experiments.report.statistics import stability_curve

pytestmark = pytest.mark.slow

SVG = "{http://www.w3.org/2000/svg}"
RECORDS = [f"r{number}" for number in range(6)]


def measured(name: str = "facts", gain: float = 5.0) -> Measured:
    points = [(s, r, n + g) for n, r in enumerate(RECORDS) for s, g in (("a", 0.0), ("b $5", gain))]
    return gather(name, "%", True, points, RECORDS)


def figures() -> dict[str, Figure]:
    one = measured()
    curves = {"a": stability_curve(one.of("a").tolist())}
    return {
        "means": means(["a", "b $5", "none"], [one], "a"),
        "stability": stability("facts", curves),
        "told": told({"b $5": 3.0, "none": 1.0}, one, "a"),
        "trade-off": trade_off(["a"], one, measured("sent"), measured("seconds"), measured("leak")),
    }


@pytest.mark.parametrize("name", ["means", "stability", "told", "trade-off"])
def test_a_plot_is_the_same_bytes_twice_and_loads_nothing(name: str, tmp_path: Path) -> None:
    for place in ("one", "two"):
        save(figures()[name], tmp_path / place / f"{name}.svg")
    svg = (tmp_path / "one" / f"{name}.svg").read_text()
    assert svg == (tmp_path / "two" / f"{name}.svg").read_text()
    ElementTree.fromstring(svg)
    assert 'href="http' not in svg


def test_text_stays_text(tmp_path: Path) -> None:
    save(figures()["means"], tmp_path / "means.svg")
    root = ElementTree.parse(tmp_path / "means.svg").getroot()
    texts = ["".join(part.itertext()) for part in root.iter(f"{SVG}text")]
    assert "none" in texts
    assert any("facts" in text for text in texts)


def test_a_full_dot_differs_and_a_hollow_one_does_not() -> None:
    def filled(gain: float) -> int:
        axes = means(["a", "b $5"], [measured(gain=gain)], "a").axes[0]
        return sum(line.get_fillstyle() == "full" and line.get_marker() == "o"
                   for line in axes.lines)  # fmt: skip

    assert (filled(5.0), filled(0.0)) == (1, 0)
