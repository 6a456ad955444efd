"""Steps of a new user through the studio in a real browser, for the test and for the pictures of the walk."""

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


def bring(page: Page, url: str, rows: Path, model: Path | None = None, sae: Path | None = None) -> str:
    """Upload a file on the first page and start reading it; returns how the page says that it is read."""
    page.goto(url)
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(rows)
    read = page.get_by_text(re.compile("is read as"))
    read.wait_for()
    settled(page)
    if model is not None and sae is not None:
        page.get_by_text("Model and SAE", exact=True).click()
        for name, value in (("Language model", model), ("Sparse autoencoder", sae)):
            box = page.get_by_role("textbox", name=name)
            box.fill(str(value))
            box.press("Enter")
            settled(page)
    return read.inner_text()


def read(page: Page, patience: float) -> None:
    """Start the job, and wait until its last step is done: `patience` in seconds."""
    page.get_by_role("button", name="Import and process").click()
    page.get_by_role("heading", name="Active features").wait_for(timeout=1_000 * patience)
    page.get_by_text(re.compile("finished in")).wait_for(timeout=1_000 * patience)
    settled(page)


def choose(page: Page, goal: str, title: str) -> str:
    """Choose a method by its goal and rank, if that does not begin by itself; returns the answer."""
    page.get_by_text(goal, exact=True).click()
    run = page.get_by_role("button", name=re.compile("^(Run|Run again)$"))
    page.wait_for_timeout(1_500)
    settled(page)
    if run.is_enabled():
        run.click()
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
    """Save the selection on the page under a name."""
    box = page.get_by_role("textbox", name="Save this selection as")
    box.fill(name)
    box.press("Enter")
    settled(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name=re.compile(f"Export “{name}”")).wait_for()
    settled(page)


def compare(page: Page) -> str:
    """Open the comparison; returns its answer."""
    page.get_by_role("link", name="Compare").first.click()
    page.wait_for_selector(".js-plotly-plot .main-svg")
    answer = page.get_by_text(re.compile(r"covers .* of the features and"))
    answer.first.wait_for()
    page.get_by_role("button", name="Download report (HTML)").wait_for()
    settled(page)
    return answer.first.inner_text()


def choose_format(page: Page, title: str) -> None:
    """Choose the export format of that title."""
    page.get_by_role("combobox", name=re.compile("Format")).click()
    page.keyboard.type(title)
    page.keyboard.press("Enter")
    settled(page)


def download(page: Page, title: str, target: Path) -> None:
    """Choose the export format of that title and download it."""
    choose_format(page, title)
    with page.expect_download() as waiting:
        page.get_by_role("button", name=re.compile(r"Download [0-9,]+ rows")).click()
    waiting.value.save_as(target)
