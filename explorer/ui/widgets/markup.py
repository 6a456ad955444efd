"""The one place where the app writes HTML: text of the dataset goes in here, escaped, and nowhere else.

Direction and control marks are shown as a dot and every piece is isolated, so that no text can turn or break the line
around it. Shaded tokens and linked tables are drawn by `token_view` and `link_table`, which send data, not HTML.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from explorer.text import visible
from explorer.ui.widgets.component import style_sheet

MAX_TOKEN = 60  # characters of one token that are shown

_STYLE = Path(__file__).with_suffix(".css")


def style() -> None:
    """Put the style sheet of this module on the page (once a run, from app.py)."""
    st.html(f"<style>{style_sheet(_STYLE)}</style>")


def escape(text: str) -> str:
    """Return a text as HTML: escaped, its control and direction marks as dots, so that nothing runs or turns."""
    return html.escape(visible(text))


def chip_rows(rows: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Draw named rows of tokens or words, each in its own box; spaces inside a token stay visible."""
    drawn = []
    for name, tokens in rows:
        boxes = "".join(
            f"<bdi>{escape(t[:MAX_TOKEN].replace(chr(10), '↵').replace(chr(9), '⇥'))}</bdi>" for t in tokens
        )
        drawn.append(
            f'<div class="dataset-chips"><span class="dataset-name">{html.escape(name)}</span>{boxes or "–"}</div>'
        )
    st.html("".join(drawn))


def passage(text: str, *, answer: bool = False, limit: int = 20_000) -> None:
    """Draw a prompt or a response as it is, line breaks kept; what is over `limit` characters is cut and counted."""
    shown = escape(text[:limit])
    rest = f"<br><i>… {len(text) - limit:,} more characters</i>" if len(text) > limit else ""
    kind = "dataset-text dataset-answer" if answer else "dataset-text"
    st.html(f'<div class="{kind}" dir="auto">{shown or "<i>empty</i>"}{rest}</div>')
