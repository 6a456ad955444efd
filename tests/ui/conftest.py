"""One synthetic workspace for the tests of the app, and the app on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.synthetic import Synthetic, build

ROOT = Path(__file__).resolve().parents[2]
PLACES = {"samples": "rows"}  # pages whose folder is not called like their address


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    """The workspace that tests only read."""
    return build(tmp_path_factory.mktemp("app") / "workspace", samples=240)


@pytest.fixture
def fresh(tmp_path: Path) -> Synthetic:
    """A workspace of its own, for tests that write."""
    return build(tmp_path / "workspace", samples=90)


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """`open_page(path_of_workspace, "features", feature="3")` runs that page once and returns the app."""

    def opened(workspace: Path, page: str = "overview", **query: str) -> AppTest:
        monkeypatch.setenv("EXPLORER_WORKSPACE", str(workspace))
        monkeypatch.setenv("EXPLORER_HOME", str(workspace.parent / "home"))
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=90)
        app.run()
        if page != "overview" or query:
            for name, value in query.items():
                app.query_params[name] = value
            app.switch_page(f"explorer/ui/{PLACES.get(page, page)}/page.py").run()
        return app

    return opened


@pytest.fixture(autouse=True)
def _forget_workspaces() -> None:
    """Each test begins with the workspace of its own environment."""
    from explorer.ui import context

    context._remembered.clear()


def tables(app: AppTest) -> dict[str, list[dict[str, object]]]:
    """Every link table on the page by its name: rows by column title."""
    found = {}
    for element in app.get("bidi_component"):
        data = json.loads(element.proto.mixed.json if element.proto.HasField("mixed") else element.proto.json)
        if "columns" in data:
            titles = [column["title"] for column in data["columns"]]
            found[data["alt"]] = [dict(zip(titles, row, strict=True)) for row in data["rows"]]
    return found


def linked(app: AppTest, alt: str) -> list[dict[str, object]]:
    """Rows of the link table with that name."""
    return tables(app)[alt]
