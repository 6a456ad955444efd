"""A short table whose rows open a feature or a row: plain HTML text, quick to draw, downloadable as CSV.

`st.dataframe` draws on a canvas and takes ten times as long to appear; it stays for long tables that are scrolled. The
browser gets data, and the script (`link_table.mjs`) writes it as text, so nothing in it can become markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from explorer.ui import display
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.component import component, ignore

MAX_TEXT = 200  # characters of a cell
_SENT = ("title", "kind", "help", "digits", "unit", "most")

_SCRIPT = Path(__file__).with_suffix(".mjs")
_table = component("sae_table", _SCRIPT, _SCRIPT.with_suffix(".css"))


def draw(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, key: str, alt: str) -> int | None:
    """Draw `rows`; returns the index of the row that was just clicked, else None."""
    values = [[_value(row[column.name]) for column in columns] for row in rows]
    data = {"columns": [_described(column, rows) for column in columns], "rows": values, "alt": alt, "name": key}
    clicked = _table(data=data, key=key, on_open_change=ignore).open
    return int(clicked) if clicked is not None and int(clicked) < len(rows) else None


def _described(column: Column, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    described = {key: getattr(column, key) for key in _SENT if getattr(column, key) not in (None, "")}
    if column.kind == "bar":
        described["top"] = max([1e-9, *(float(row[column.name] or 0.0) for row in rows)])
    return described


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return display.clean(value, MAX_TEXT)
    if isinstance(value, list):
        return [display.clean(item, 40) for item in value]
    if isinstance(value, float):
        return None if value != value else round(value, 6)
    return value
