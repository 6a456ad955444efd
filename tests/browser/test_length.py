"""The scatter of the Length page in a browser: points, hover, a threshold that moves, zoom, pictures, a row opened."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from explorer.queries.sets import feature_sets
from explorer.workspace import Snapshot
from tests.browser.conftest import Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def _open(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/length")
    page.wait_for_selector("div.scatter[data-drawn]")
    page.get_by_role("heading", name="Outliers").wait_for()
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning'"
    )
    assert page.query_selector("[data-testid=stException]") is None


def _state(page: Page) -> dict[str, Any]:
    """What is drawn: heights, lengths, view, stamp, and where each point is in the window."""
    return page.locator("div.scatter").evaluate(
        """(node) => {
            const { plot } = node;
            const box = plot.node.getBoundingClientRect();
            return {
                heights: [...plot.heights], lengths: [...plot.points.tokens], view: plot.camera.moved,
                stamp: node.dataset.drawn,
                x: [...plot.places.x].map((x) => box.left + x),
                y: [...plot.places.y].map((y) => box.top + y),
            };
        }"""
    )


def _ink(page: Page) -> str:
    """The pixels of the points, as one text."""
    return page.locator("div.scatter canvas.ground").evaluate("(canvas) => canvas.toDataURL()")


def _alone(state: dict[str, Any]) -> int:
    """Return the point that lies furthest from every other."""
    places = np.stack([state["x"], state["y"]], axis=1)
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return int(apart.min(axis=1).argmax())


def _counts(served: Served, threshold: float) -> list[int]:
    return feature_sets(Snapshot.newest(served.synthetic.store), threshold=threshold).sizes.tolist()


def test_a_threshold_that_moves_changes_the_points_and_keeps_the_zoom(page: Page, served: Served) -> None:
    _open(page, served)
    first = _state(page)
    assert first["heights"] == _counts(served, float(first["stamp"].split()[-1]))
    label = page.locator("div.scatter").get_attribute("aria-label") or ""
    assert label.startswith(f"Scatter of {len(first['heights'])} rows: response length (tokens)")
    page.get_by_role("button", name="Zoom in", exact=True).click()
    page.wait_for_timeout(300)
    zoomed = _state(page)
    assert zoomed["view"] is not None
    before = _ink(page)
    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")
    page.locator(f"div.scatter:not([data-drawn='{first['stamp']}'])").wait_for()
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning'"
    )
    after = _state(page)
    threshold = float(after["stamp"].split()[-1])
    assert threshold > float(first["stamp"].split()[-1])
    assert after["heights"] == _counts(served, threshold) != first["heights"]
    assert after["view"] == zoomed["view"] and after["lengths"] == first["lengths"]
    assert _ink(page) != before
    page.get_by_role("button", name="Show everything").click()
    page.wait_for_timeout(300)
    assert _state(page)["view"] is None


def test_a_box_that_is_drawn_fills_the_plot_and_the_right_button_pans(page: Page, served: Served) -> None:
    _open(page, served)
    page.locator("div.scatter").scroll_into_view_if_needed()
    before = _state(page)
    at = page.locator("div.scatter").evaluate("(node) => node.plot.camera.area")
    box = page.locator("div.scatter .panel").bounding_box()
    assert box is not None
    left, top = box["x"] + at["left"], box["y"] + at["top"]
    places = np.stack([before["x"], before["y"]], axis=1)
    start = np.array([left + 0.2 * at["width"], top + 0.1 * at["height"]])
    end = np.array([left + 0.7 * at["width"], top + 0.6 * at["height"]])
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)
    zoomed = _state(page)
    after = np.stack([zoomed["x"], zoomed["y"]], axis=1)
    assert np.allclose((after[:, 1] - top) / at["height"], (places[:, 1] - start[1]) / (end - start)[1], atol=0.01)
    across = (places[:, 0] - start[0]) / (end - start)[0]
    assert np.corrcoef(after[:, 0], across)[0, 1] > 1 - 1e-9
    page.mouse.down(button="right")
    page.mouse.move(end[0] + 30, end[1] - 20, steps=3)
    page.mouse.up(button="right")
    page.wait_for_timeout(300)
    assert np.allclose(np.array(_state(page)["x"]) - after[:, 0], 30, atol=12)  # the ticks may take more or less room
    assert np.allclose(np.array(_state(page)["y"]) - after[:, 1], -20, atol=1)


def test_hover_says_what_a_point_is_and_a_click_opens_its_row(page: Page, served: Served) -> None:
    _open(page, served)
    page.locator("div.scatter").scroll_into_view_if_needed()
    state = _state(page)
    row = _alone(state)
    page.mouse.move(state["x"][row], state["y"][row])
    tip = page.locator("div.scatter .tip")
    tip.wait_for()
    expected = f"{state['lengths'][row]:,} tokens, {state['heights'][row]:,} features"
    assert expected in tip.inner_text()
    page.mouse.click(state["x"][row], state["y"][row])
    page.wait_for_url(re.compile(rf"samples\?sample={row}$"))


def test_hostile_words_are_text_in_the_hover_of_the_scatter(page: Page, served: Served) -> None:
    _open(page, served)
    last = len(served.synthetic.tokens) - 1
    for row in range(last - 5, last + 1):  # the hostile rows
        page.locator("div.scatter").evaluate(
            """(node, row) => {
                node.plot.under = () => row;
                node.plot.hover(200, 200);
            }""",
            row,
        )
        assert page.locator("div.scatter .tip b").inner_text()
        assert page.locator("div.scatter .tip b *").count() == 0
    assert page.evaluate("window.__owned") is None


def test_colours_have_a_legend_and_the_length_axis_turns_logarithmic(page: Page, served: Served) -> None:
    _open(page, served)
    assert page.locator("div.scatter .legend button").count() == 0
    page.get_by_role("radio", name="source").first.click()
    page.locator("div.scatter[data-drawn*=' source ']").wait_for()
    names = page.locator("div.scatter .legend button").all_inner_texts()
    assert len(names) > 1
    plain = _ink(page)
    page.locator("div.scatter .legend button").first.click()
    assert _ink(page) != plain, "one source alone"
    state = _state(page)
    page.get_by_role("button", name="Logarithmic length axis").click()
    assert page.get_by_role("button", name="Logarithmic length axis").get_attribute("aria-pressed") == "true"
    turned = _state(page)
    longest, shortest = int(np.argmax(state["lengths"])), int(np.argmin(state["lengths"]))
    assert abs(turned["x"][longest] - state["x"][longest]) < 40
    middle = int(np.argsort(state["lengths"])[len(state["lengths"]) // 2])
    assert turned["x"][middle] > state["x"][middle] + 20 and turned["x"][shortest] < turned["x"][middle]


def test_the_picture_of_the_scatter_is_saved_and_follows_the_width(page: Page, served: Served) -> None:
    _open(page, served)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the picture").click()
    assert waiting.value.suggested_filename == "length.png"
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")
    svg = page.locator("div.scatter").evaluate("(node) => node.plot.svg().outerHTML")
    assert svg.count("<path") >= 0.9 * len(served.synthetic.tokens) and "response length (tokens)" in svg
    wide = page.locator("div.scatter canvas.ground").bounding_box()
    page.set_viewport_size({"width": 1700, "height": 1000})
    page.wait_for_timeout(400)
    wider = page.locator("div.scatter canvas.ground").bounding_box()
    assert wide is not None and wider is not None and wider["width"] > wide["width"] + 100
