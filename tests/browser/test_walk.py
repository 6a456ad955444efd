"""What a person does: open the app, pick a feature, lasso the map, run a selection, download it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from explorer.workspace import Snapshot
from tests.browser.conftest import Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def _ready(page: Page) -> None:
    page.wait_for_selector("h1")
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    assert page.query_selector("[data-testid=stException]") is None


def _click_row(page: Page, row: int) -> None:
    """Click a row of the first table (drawn on a canvas: a header of about 35 px, then rows of 35 px)."""
    box = page.locator("[data-testid=stDataFrame]").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 150, box["y"] + 35 * (row + 1) + 17)


def test_the_first_page_answers_its_question(page: Page, served: Served) -> None:
    page.goto(served.url)
    _ready(page)
    assert page.locator("h1").inner_text() == "What does the model see in this data?"
    assert page.get_by_text(
        re.compile(f"^{len(served.synthetic.tokens)} rows .*active features per response")
    ).is_visible()


def test_a_click_in_the_index_opens_a_feature_and_a_row_opens_from_there(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/features?q=luggage")
    _ready(page)
    page.locator("table[aria-label='Features, one per row'] tbody tr").first.click()
    page.wait_for_url(re.compile(r"feature=\d+"))
    page.get_by_role("heading", name="Selections covering this feature").wait_for()
    _ready(page)
    assert page.locator("span.peak").first.get_attribute("title").startswith("activation")  # type: ignore[union-attr]
    page.get_by_role("button", name=re.compile(r"^row \d+")).first.click()
    page.wait_for_url(re.compile(r"sample=\d+"))
    page.get_by_role("heading", name="Features", exact=True).wait_for()


def _points_on_screen(page: Page) -> np.ndarray:
    """Where each point of the map is, in pixels of the window: float [N, 2]."""
    found: Any = page.locator(".map").evaluate(
        """(node) => {
            const panel = node.plot.panels[0];
            const box = panel.node.getBoundingClientRect();
            const [left, top] = [box.left + panel.node.clientLeft, box.top + panel.node.clientTop];
            return Array.from(node.plot.points.x).map((x, i) => {
                const [px, py] = node.plot.camera.toPixels(x, node.plot.points.y[i]);
                return [left + px, top + py];
            });
        }"""
    )
    return np.array(found)


def _inside(points: np.ndarray, polygon: list[tuple[float, float]]) -> np.ndarray:
    inside = np.zeros(len(points), dtype=bool)
    for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        crosses = (ay > points[:, 1]) != (by > points[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            at = (bx - ax) * (points[:, 1] - ay) / (by - ay) + ax
        inside ^= crosses & (points[:, 0] < at)
    return inside


def test_the_picture_of_the_map_is_saved(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/map?colour=source")
    _ready(page)
    page.wait_for_selector(".map[data-drawn]")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the picture").click()
    assert waiting.value.suggested_filename == "map.png"
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")


def _drawn(page: Page) -> list[tuple[float, float]]:
    """Return the lasso as the page took it, in pixels of the window."""
    corners: Any = page.locator(".map").evaluate(
        """(node) => {
            const panel = node.plot.panels[0];
            const box = panel.node.getBoundingClientRect();
            const [left, top] = [box.left + panel.node.clientLeft, box.top + panel.node.clientTop];
            const corners = node.plot.polygons[0].map(([x, y]) => node.plot.camera.toPixels(x, y));
            return corners.map(([x, y]) => [left + x, top + y]);
        }"""
    )
    return [(x, y) for x, y in corners]


def test_a_lasso_on_the_map_holds_exactly_the_rows_inside_and_they_are_exported(
    page: Page, served: Served, tmp_path: Path
) -> None:
    page.goto(f"{served.url}/map")
    _ready(page)
    page.wait_for_selector(".map[data-drawn]")
    page.wait_for_timeout(1_500)
    points = _points_on_screen(page)
    assert len(points) == len(served.synthetic.tokens)
    left, top = points.min(axis=0) - 4
    bottom = float(points[:, 1].max()) + 4
    middle = float(np.median(points[:, 0])) + 0.37
    polygon = [(left, top), (middle, top), (middle - 30, (top + bottom) / 2), (middle, bottom), (left, bottom)]
    page.mouse.move(*polygon[0])
    page.mouse.down()
    for x, y in [*polygon[1:], polygon[0]]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()
    heading = page.get_by_role("heading", name=re.compile(r"rows? in the region"))
    heading.wait_for()
    taken = _drawn(page)
    assert all(min(np.hypot(x - a, y - b) for a, b in taken) < 1.5 for x, y in polygon), (
        "the lasso is where it was drawn"
    )
    inside = np.flatnonzero(_inside(points, taken))
    assert 0 < len(inside) < len(points)
    assert int(heading.inner_text().split()[0].replace(",", "")) == len(inside)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("textbox", name="Name").fill("drawn by hand")
    page.get_by_role("textbox", name="Name").press("Enter")
    page.get_by_role("button", name="Save as a selection").click()
    page.get_by_text(f"Saved {len(inside)} rows").wait_for()
    page.get_by_role("link", name="Select").first.click()
    button = page.get_by_role("button", name=re.compile(f"Download {len(inside)} rows"))
    button.wait_for()
    with page.expect_download() as waiting:
        button.click()
    waiting.value.save_as(tmp_path / "out.json")
    exported = {json.dumps(row, ensure_ascii=False) for row in json.loads((tmp_path / "out.json").read_text("utf-8"))}
    store = served.synthetic.store
    raw = dict(store.sql(f"SELECT sample_id, raw FROM {Snapshot.newest(store).samples_sql()}").fetchall())
    assert exported == {raw[int(number)] for number in inside}


def test_a_selection_is_run_tuned_kept_and_downloaded(page: Page, served: Served, tmp_path: Path) -> None:
    page.goto(f"{served.url}/select")
    _ready(page)
    answer = page.get_by_text(re.compile(r"chosen by SAE-GreedSelect"))
    answer.wait_for()
    before = answer.inner_text()
    slider = page.get_by_role("slider").first
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_function("t => !document.body.innerText.includes(t)", arg=before)
    rows = int(re.match(r"([\d,]+) rows", answer.inner_text())[1].replace(",", ""))  # type: ignore[index]
    page.get_by_role("textbox", name="Save this selection as").fill("walk")
    page.get_by_role("textbox", name="Save this selection as").press("Enter")
    page.get_by_role("button", name="Save", exact=True).click()
    button = page.get_by_role("button", name=re.compile(f"Download {rows} rows"))
    button.wait_for()
    with page.expect_download() as waiting:
        button.click()
    target = tmp_path / "out.json"
    waiting.value.save_as(target)
    exported = json.loads(target.read_text("utf-8"))
    assert len(exported) == rows
    raw = {
        row[0]
        for row in served.synthetic.store.sql(
            f"SELECT raw FROM {Snapshot.newest(served.synthetic.store).samples_sql()}"
        ).fetchall()
    }
    assert all(json.dumps(row, ensure_ascii=False) in raw for row in exported)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hostile_text_is_shown_and_never_executed(theme: str, page: Page, served: Served) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    last = len(served.synthetic.tokens) - 1
    addresses = [
        "samples?find=hostile",
        "map?colour=source",
        "",
        f"features?feature={served.synthetic.feature_of['moon']}",
    ]
    addresses += [f"samples?sample={row}" for row in range(last - 5, last + 1)]
    for address in addresses:
        page.goto(f"{served.url}/{address}")
        _ready(page)
        page.wait_for_timeout(400)
        assert page.evaluate("window.__owned") is None
        assert page.locator("[data-testid=stMain] img[src=x]").count() == 0
    page.goto(f"{served.url}/samples?sample={last - 5}")
    _ready(page)
    assert page.get_by_text("<script>window.__owned=1</script>").first.is_visible()
