"""A short table whose rows open a feature or a row: plain HTML text, quick to draw, downloadable as CSV.

`st.dataframe` draws on a canvas and needs ten times as long to appear; it stays for long tables that are scrolled. What
goes over is data; the script (`assets/table.js`) writes it as text, so nothing in it can become markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

from explorer.ui import display
from explorer.ui.widgets.columns import Column

MAX_TEXT = 200  # characters of a cell
_ASSETS = Path(__file__).resolve().parents[1] / "assets"

_table = component(
    "sae_table",
    css=(_ASSETS / "table.css").read_text("utf-8"),
    js=(_ASSETS / "table.js").read_text("utf-8"),
)


def draw(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, key: str, alt: str) -> int | None:
    """Draw `rows`; returns the index of the row that was just clicked, else None."""
    described = []
    for column in columns:
        about: dict[str, Any] = {"title": column.title, "kind": column.kind, "help": column.help}
        about |= {"digits": column.digits} if column.digits is not None else {}
        about |= {"unit": column.unit} if column.unit else {}
        about |= {"most": column.most} if column.most else {}
        if column.kind == "bar":
            about["top"] = max([1e-9, *(float(row[column.name] or 0.0) for row in rows)])
        described.append(about)
    values = [[_value(row[column.name]) for column in columns] for row in rows]
    data = {"columns": described, "rows": values, "alt": alt, "name": key}
    result = _table(data=data, key=key, on_open_change=_nothing)
    clicked = result.open
    return int(clicked) if clicked is not None and int(clicked) < len(rows) else None


def _nothing() -> None:
    """A trigger exists only with a callback; its value is read from the result."""


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return display.clean(value, MAX_TEXT)
    if isinstance(value, list):
        return [display.clean(item, 40) for item in value]
    if isinstance(value, float):
        return None if value != value else round(value, 6)
    return value
