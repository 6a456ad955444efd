"""A new user's way through the studio, step by step, in a real browser: for the test, and for the README's pictures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def settled(page: Page) -> None:
    """Wait until the page stands still; an exception on it is a failure."""
    page.wait_for_selector("h1")
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(700)
    assert page.query_selector("[data-testid=stException]") is None


def chosen(page: Page, method: str) -> str:
    """Wait for the sentence that says what was chosen, and return it."""
    sentence = page.get_by_text(re.compile(f"rows? chosen by {method}"))
    sentence.first.wait_for()
    settled(page)
    return sentence.first.inner_text()


def open_studio(page: Page, url: str, method: str, title: str, budget: str = "5%25") -> str:
    """Open the studio on a method and a budget."""
    page.goto(f"{url}/select?method={method}&budget={budget}")
    return chosen(page, title)


def understand(page: Page, row: int) -> str:
    """Click a pick in the table; returns why it was taken."""
    table = page.locator("[data-testid=stDataFrame]").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 35 * (row + 1) + 17)
    page.get_by_role("heading", name=f"Why pick {row + 1}?").wait_for()
    settled(page)
    return page.get_by_text(re.compile(r"(features? are new|no earlier pick|all of its)")).first.inner_text()


def ban(page: Page, title: str) -> str:
    """Ban the pick that is explained, and run again."""
    page.get_by_role("button", name="Ban", exact=True).click()
    page.get_by_role("button", name="Run again").click()
    return chosen(page, title)


def keep(page: Page, name: str) -> None:
    """Keep what is on show under a name."""
    box = page.get_by_role("textbox", name="Keep this selection as")
    box.fill(name)
    box.press("Enter")
    settled(page)
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("heading", name=re.compile(f"Export “{name}”")).wait_for()
    settled(page)


def compare(page: Page, url: str) -> str:
    """Open the comparison; returns its answer."""
    page.goto(f"{url}/compare")
    page.wait_for_selector(".js-plotly-plot .main-svg")
    answer = page.get_by_text(re.compile(r"covers .* of the features and"))
    answer.first.wait_for()
    page.get_by_role("button", name="Report as one HTML file").wait_for()
    settled(page)
    return answer.first.inner_text()


def download_bundle(page: Page, target: Path) -> None:
    """Choose the bundle for a trainer and download it."""
    page.get_by_role("combobox", name=re.compile("Format")).click()
    page.keyboard.type("Bundle")
    page.keyboard.press("Enter")
    page.get_by_text("the entry for LLaMA-Factory").wait_for()
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name=re.compile(r"Download [0-9,]+ rows")).click()
    waiting.value.save_as(target)
