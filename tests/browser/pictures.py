"""The pictures of the walk in data/demo/README.md: the demo's first 1,000 rows, from a file to an export.

    python -m tests.browser.pictures [--out data/demo/screenshots]

Takes a few minutes: the rows are read by the default model. The steps are those of `tests/browser/test_studio.py`.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.browser import studio
from tests.browser.conftest import PATIENCE
from tests.server import ROOT, launch, serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROWS, WIDTH = 1_000, 1_280
GREEDY, LONGEST, RANDOM = "SAE-GreedSelect", "Longest responses", "Random"
GOALS = {
    LONGEST: "The strong simple baseline: long answers hold many features",
    RANDOM: "The baseline that every method has to beat",
}


def save(page: Page, target: Path, top: str, bottom: str | int) -> None:
    """Save the page from the text `top` to the text `bottom`, or so many pixels, as a picture of 128 colours."""
    place = page.get_by_text(top, exact=True).first.bounding_box()
    assert place is not None
    y = max(0.0, place["y"] - 24)
    end = page.get_by_text(bottom).first.bounding_box() if isinstance(bottom, str) else None
    height = end["y"] + end["height"] + 24 - y if end is not None else float(bottom)
    page.mouse.move(2, y + 2)  # away from plots and tables, whose tools show under the pointer
    page.wait_for_timeout(400)
    shot = Image.open(io.BytesIO(page.screenshot(clip={"x": 0, "y": y, "width": WIDTH, "height": height})))
    shot.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)


def walk(page: Page, url: str, rows: Path, out: Path) -> None:
    """Take the walk and save a picture at each of its stations."""
    studio.bring(page, url, rows)
    save(page, out / "bring.png", "What does the model see in your data?", "as one job in the background")
    studio.read(page, patience=900)
    page.get_by_role("link", name="Which rows for my budget?").click()
    studio.chosen(page, GREEDY)
    studio.understand(page, 2)
    save(page, out / "why.png", "The 50 picks", 745)
    studio.ban(page, GREEDY)
    studio.keep(page, "greedy 5%")
    for title, goal in GOALS.items():
        studio.choose(page, goal, title)
        studio.keep(page, f"{title.split()[0].lower()} 5%")
    studio.compare(page)
    page.wait_for_timeout(5_000)  # until the notes of what was kept are gone
    save(page, out / "compare.png", "What differs between these selections?", 1_000)
    page.get_by_role("link", name="Select").first.click()
    studio.settled(page)
    studio.choose_format(page, "OpenAI messages")
    save(page, out / "export.png", "Kept selections", 720)


def main() -> None:
    """Make the pictures."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=ROOT / "data/demo/screenshots")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        room = Path(folder)
        rows = room / "thousand.jsonl"
        with open(ROOT / "data/demo/demo.jsonl", encoding="utf-8") as file:
            rows.write_text("".join(islice(file, ROWS)), "utf-8")
        browser = launch(driver)
        context = browser.new_context(viewport={"width": WIDTH, "height": 3_600}, color_scheme="light")
        context.set_default_timeout(PATIENCE)
        with serve(room / "thousand", room / "home") as url:
            walk(context.new_page(), url, rows, out)
        browser.close()


if __name__ == "__main__":
    main()
