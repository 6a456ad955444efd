"""The app in a real browser: a server on a synthetic workspace, and headless Chromium driven by Playwright."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.server import chromium, launch, serve
from tests.synthetic import Synthetic, build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE = 150_000  # milliseconds for anything to appear: machines that test are busy ones


@dataclass(frozen=True)
class Served:
    """A running app and the workspace behind it."""

    url: str
    synthetic: Synthetic


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; tests that need it are skipped where it or Playwright is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here: pip install playwright")
    if chromium() is None:
        pytest.skip("no Chromium here: install it (apt-get install chromium) to run the browser tests")
    with playwright.sync_playwright() as driver:
        started = launch(driver)
        yield started
        started.close()


@pytest.fixture(scope="session")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app on a synthetic workspace with hostile rows."""
    del browser  # no server where there is no browser
    folder = tmp_path_factory.mktemp("browser")
    made = build(folder / "workspace", samples=200)
    with serve(folder / "workspace", folder / "home") as url:
        yield Served(url, made)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page; any error that a script throws in it fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []
