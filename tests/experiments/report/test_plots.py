from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cogenesis_langchain.evaluation.bootstrap import Estimate
from cogenesis_langchain.evaluation.report.drawing import (
    BLUE,
    INK,
    ORANGE,
    PALETTE,
    PAPER,
    spread,
    stand_alone,
)
from cogenesis_langchain.evaluation.report.plots import (
    Deal,
    Dot,
    Panel,
    dot_plot,
    stability_plot,
    trade_off_plot,
)

SVG = "{http://www.w3.org/2000/svg}"
HERE = Estimate(2.0, 1.0, 3.0, 5)


def dots(name: str = "dots") -> str:
    panel = Panel("facts (%)", [Dot(HERE, True), Dot(HERE, False), None], 2.5)
    return dot_plot(name, "Facts <of> two & more", ["alone", "cost $5 & $6", "none"], [panel])


def stability(name: str = "stability") -> str:
    curve = [Estimate(5.0, 5.0, 5.0, 1), Estimate(6.0, 5.0, 7.0, 2)]
    return stability_plot(name, "How it settles", "rating", {"a": curve, "b": curve})


def trade_off(name: str = "trade-off") -> str:
    deals = [Deal("alone", 0, 50.0, 8.0, 0), Deal("cloud", 9e4, 90.0, 20.0, 3.5)]
    return trade_off_plot(name, "What it costs", "facts", deals)


def texts(svg: str) -> list[str]:
    return ["".join(part.itertext()) for part in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("draw", [dots, stability, trade_off])
def test_a_plot_is_the_same_bytes_twice(draw: Callable[[], str]) -> None:
    assert draw() == draw()


@pytest.mark.parametrize("draw", [dots, stability, trade_off])
def test_a_plot_is_described_loads_nothing_and_takes_the_colours_around_it(
    draw: Callable[[], str],
) -> None:
    svg = draw()
    root = ElementTree.fromstring(svg)
    title = root.find(f"{SVG}title")
    assert root.get("role") == "img"
    assert title is not None
    assert root.get("aria-labelledby") == title.get("id")
    assert "http" not in svg.replace("http://www.w3.org/", "")
    assert "currentColor" in svg
    assert INK not in svg
    assert PAPER not in svg


def test_the_inner_ids_of_two_plots_are_apart() -> None:
    def ids(svg: str) -> set[str]:
        return {part.get("id", "") for part in ElementTree.fromstring(svg).iter()} - {""}

    assert ids(dots("one"))
    assert not ids(dots("one")) & ids(dots("two"))


def test_what_a_plot_refers_to_inside_is_there() -> None:
    svg = dots()
    root = ElementTree.fromstring(svg)
    ids = {part.get("id") for part in root.iter()}
    used = {part.get("{http://www.w3.org/1999/xlink}href", "") for part in root.iter()} - {""}
    assert used
    assert {name.removeprefix("#") for name in used} <= ids


def test_text_stays_text_and_dollars_are_no_formulas() -> None:
    assert "cost $5 & $6" in texts(dots())
    assert "cloud, 20 s" in texts(trade_off())


def test_a_full_dot_differs_and_a_hollow_one_does_not() -> None:
    def filled(differs: bool) -> int:
        panel = Panel("facts", [Dot(HERE, differs)], None)
        return dot_plot("p", "d", ["a"], [panel]).count("var(--card")

    assert filled(False) == filled(True) + 1


def test_a_file_of_a_plot_brings_its_own_colours_for_light_and_dark() -> None:
    alone = stand_alone(dots())
    assert alone.startswith("<?xml")
    ElementTree.fromstring(alone.encode())
    assert "prefers-color-scheme:dark" in alone
    assert "prefers-color-scheme" not in dots()


def test_one_setting_that_sends_nothing_can_be_drawn() -> None:
    svg = trade_off_plot("t", "d", "facts", [Deal("alone", 0.0, 0.0, 0.0, 0.0)])
    assert "alone, 0 s" in texts(svg)


def test_labels_that_would_touch_are_moved_apart_and_others_stay() -> None:
    assert spread([1.0, 1.0, 1.0, 9.0], 1.0) == pytest.approx([0.0, 1.0, 2.0, 9.0])
    assert spread([], 1.0) == []


@given(st.lists(st.floats(-100, 100), max_size=12))
def test_spread_labels_keep_their_order_and_distance(wanted: list[float]) -> None:
    placed = spread(wanted, 2.0)
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    for before, after in pairwise(order):
        assert placed[after] - placed[before] >= 2.0 - 1e-9


VISION = {  # linear RGB as others see it (Machado, Oliveira and Fernandes, 2009, severity 1)
    "common": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
SRGB_TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]


def linear(colour: str) -> NDArray[np.float64]:
    value = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def cielab(colour: str, vision: str) -> NDArray[np.float64]:
    seen = np.clip(np.array(VISION[vision]) @ linear(colour), 0, 1)
    x, y, z = np.cbrt(np.array(SRGB_TO_XYZ) @ seen / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest(colours: Sequence[str], vision: str) -> float:
    return min(
        float(np.linalg.norm(cielab(one, vision) - cielab(other, vision)))
        for one, other in combinations(colours, 2)
    )


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart_with_any_colour_vision(vision: str) -> None:
    assert nearest(PALETTE, vision) > 30
    assert nearest((BLUE, ORANGE), vision) > 30


def test_two_colours_that_look_alike_to_some_are_the_control() -> None:
    alike = ("#d9822b", "#b0a02c")
    assert nearest(alike, "common") > 30
    assert nearest(alike, "deuteranopia") < 5


@pytest.mark.parametrize("colour", [*PALETTE, BLUE, ORANGE])
def test_colours_stand_out_from_light_and_dark_cards(colour: str) -> None:
    light, dark, own = (linear(c) @ SRGB_TO_XYZ[1] for c in ("#ffffff", "#262420", colour))
    assert (light + 0.05) / (own + 0.05) > 2.5
    assert (own + 0.05) / (dark + 0.05) > 2.5
