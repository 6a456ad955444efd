"""The map in a browser: zoom, pan, box, click, replay, two panels, and its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.browser.conftest import Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def _open(page: Page, served: Served, query: str = "colour=source") -> None:
    page.goto(f"{served.url}/map?{query}")
    page.wait_for_selector(".map[data-drawn]")
    _settle(page)
    page.locator(".map").scroll_into_view_if_needed()


def _settle(page: Page) -> None:
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning'"
    )
    page.wait_for_timeout(400)
    assert page.query_selector("[data-testid=stException]") is None


def _points(page: Page, panel: int = 0) -> np.ndarray:
    """Where each point of a panel is, in pixels of the window: float [N, 2]."""
    corners: Any = page.locator(".map").evaluate(
        """(node, number) => {
            const { plot } = node;
            const panel = plot.panels[number];
            const box = panel.node.getBoundingClientRect();
            const [left, top] = [box.left + panel.node.clientLeft, box.top + panel.node.clientTop];
            return Array.from(plot.points.x, (x, i) => {
                const [px, py] = plot.camera.toPixels(x, plot.points.y[i]);
                return [left + px, top + py];
            });
        }""",
        panel,
    )
    return np.array(corners)


def _read(page: Page, expression: str) -> Any:
    """The value of an expression of `plot`."""
    return page.locator(".map").evaluate(f"(node) => {{ const {{ plot }} = node; return {expression}; }}")


def _wheel(page: Page, distance: float) -> None:
    """Turn the wheel over the map, which has the focus so that the page does not scroll; wait for the zoom."""
    page.get_by_role("application").first.focus()
    page.mouse.wheel(0, distance)
    for _ in range(100):
        if _read(page, "plot.camera.nearness") > 1:
            return
        page.wait_for_timeout(100)
    pytest.fail("the wheel did not zoom")


def _alone(points: np.ndarray) -> int:
    """Return the point that lies furthest from every other."""
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return int(apart.min(axis=1).argmax())


def _box(page: Page, points: np.ndarray, modifier: str = "") -> None:
    """Draw a box around points with the box tool."""
    page.get_by_role("button", name="Box (hold Shift to add)").click()
    (left, top), (right, bottom) = points.min(axis=0) - 3, points.max(axis=0) + 3
    if modifier:
        page.keyboard.down(modifier)
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=5)
    page.mouse.up()
    if modifier:
        page.keyboard.up(modifier)


def _ink(page: Page) -> str:
    """The pixels of the picks in the first panel, as one text."""
    return page.locator(".map canvas.picked").first.evaluate("(canvas) => canvas.toDataURL()")


def test_the_wheel_zooms_about_the_pointer_and_the_right_button_pans(page: Page, served: Served) -> None:
    _open(page, served)
    before = _points(page)
    place = np.floor(before[_alone(before)])  # a wheel event has whole pixels
    page.mouse.move(*place)
    _wheel(page, -400)
    zoomed = _points(page)
    factor = np.exp(400 * 0.0016)
    assert np.allclose(zoomed, place + factor * (before - place), atol=0.6)
    page.mouse.down(button="right")
    page.mouse.move(place[0] + 40, place[1] - 25, steps=4)
    page.mouse.up(button="right")
    assert np.allclose(_points(page), zoomed + np.array([40, -25]), atol=0.6)
    page.get_by_role("button", name="Show everything").click()
    assert np.allclose(_points(page), before, atol=0.1)


def test_a_box_lists_its_rows_shift_adds_and_escape_clears(page: Page, served: Served) -> None:
    _open(page, served)
    points = _points(page)
    left, right = points[points[:, 0] < np.quantile(points[:, 0], 0.2)], points[[int(points[:, 0].argmax())]]
    _box(page, left)
    page.get_by_role("heading", name="rows in the region").wait_for()
    first = _read(page, "[...plot.inside].reduce((sum, each) => sum + each, 0)")
    assert first >= len(left)
    _box(page, right, modifier="Shift")
    _settle(page)
    assert _read(page, "plot.polygons.length") == 2
    both = _read(page, "[...plot.inside].reduce((sum, each) => sum + each, 0)")
    assert both > first
    page.get_by_role("heading", name=f"{both} rows in the region").wait_for()
    page.get_by_role("application").first.press("Escape")
    page.get_by_role("heading", name="rows in the region").wait_for(state="detached")
    assert _read(page, "plot.inside") is None


def test_hover_shows_the_words_of_a_row_and_a_click_chooses_it(page: Page, served: Served) -> None:
    _open(page, served)
    points = _points(page)
    row = _alone(points)
    page.mouse.move(*points[row])
    tip = page.locator(".map .tip").first
    tip.wait_for()
    assert tip.locator("b").inner_text().split() == _read(page, f"plot.points.words.get({row})").split()
    page.mouse.click(*points[row])
    page.get_by_role("heading", name="1 row in the region").wait_for()
    assert _read(page, "plot.row.id") == row


def test_a_replay_lands_the_picks_in_their_order(page: Page, served: Served) -> None:
    _open(page, served, "colour=rank")
    count = _read(page, "plot.panels[0].picks.x.length")
    whole = _ink(page)
    slider = page.get_by_role("slider", name="Picks shown")
    slider.fill("3")
    assert page.get_by_text(f"3 of {count} picks").is_visible() and _read(page, "plot.panels[0].shown") == 3
    assert _ink(page) != whole
    page.get_by_role("button", name="Play the ranking").click()
    page.get_by_text(f"{count} of {count} picks").wait_for()
    page.wait_for_timeout(1_000)
    assert _ink(page) == whole


def test_two_selections_side_by_side_are_seen_through_one_camera(page: Page, served: Served) -> None:
    runs = [run.manifest.name for run in served.synthetic.store.artifacts("selections")]
    _open(page, served, f"colour=selected+by&picks={runs[0]}&beside={runs[1]}")
    assert page.locator(".map canvas.ground").count() == 2
    left, right = _points(page, 0), _points(page, 1)
    assert np.ptp((right - left)[:, 0]) < 0.01 and (right - left)[0, 0] > 100
    page.mouse.move(*left.mean(axis=0))
    _wheel(page, -300)
    assert np.ptp((_points(page, 1) - _points(page, 0))[:, 0]) < 0.01
    assert not np.allclose(_points(page), left)


def test_the_map_as_svg_has_a_mark_for_every_point_and_every_pick(page: Page, served: Served) -> None:
    _open(page, served, "colour=rank")
    rows, picks = len(served.synthetic.tokens), _read(page, "plot.panels[0].picks.x.length")
    svg = _read(page, "plot.svg().outerHTML")
    assert svg.count("<path") == rows + picks


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_canvases_have_the_colours_of_the_theme(scheme: Any, page: Page, served: Served) -> None:
    from explorer.figures import theme

    page.emulate_media(color_scheme=scheme)
    _open(page, served, "colour=rank")
    surface = theme.LIGHT if scheme == "light" else theme.DARK
    pairs = {"paper": surface.background, "ink": surface.text, "accent": theme.ACCENT, "grey": theme.GREY}
    expected = {name: [int(colour[i : i + 2], 16) for i in (1, 3, 5)] for name, colour in pairs.items()}
    assert {name: _read(page, f"plot.theme.{name}") for name in pairs} == expected
