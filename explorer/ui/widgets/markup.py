"""HTML of the app: the only module that writes text of the dataset as HTML, escaped.

Direction and control marks are shown as a dot and every piece is isolated, so that no text can turn or break the line
around it. Shaded tokens and linked tables are drawn by `token_view` and `link_table`, which send data, not HTML.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from explorer.text import visible

MAX_TOKEN = 60  # characters of one token that are shown

_STYLE = """
<style>
.sx-chips bdi{unicode-bidi:isolate}
.sx-chips{display:flex;flex-wrap:wrap;gap:.3rem;align-items:baseline;padding:.1rem 0 .3rem}
.sx-chips .sx-name{opacity:.65;font-size:.85rem;min-width:6.2rem}
.sx-chips bdi{border:1px solid rgba(128,136,148,.35);border-radius:4px;padding:0 .4rem;font-size:.86rem;
 white-space:pre;max-width:18rem;overflow:hidden;text-overflow:ellipsis}
.sx-text{white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.6;border-left:3px solid rgba(128,136,148,.35);
 padding:.1rem 0 .1rem .9rem;margin:0 0 .6rem}
.sx-text.sx-answer{border-left-color:rgba(128,136,148,.9)}
</style>
"""


def style() -> None:
    """Put the style sheet of this module on the page (once a run, from app.py)."""
    st.html(_STYLE)


def escape(text: str) -> str:
    """Text as HTML text: escaped, control and direction marks shown as a dot, so nothing is executed or turned."""
    return html.escape(visible(text))


def chip_rows(rows: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Draw named rows of tokens or words, each in its own box; spaces inside a token stay visible."""
    drawn = []
    for name, tokens in rows:
        boxes = "".join(
            f"<bdi>{escape(t[:MAX_TOKEN].replace(chr(10), '↵').replace(chr(9), '⇥'))}</bdi>" for t in tokens
        )
        drawn.append(f'<div class="sx-chips"><span class="sx-name">{html.escape(name)}</span>{boxes or "–"}</div>')
    st.html("".join(drawn))


def passage(text: str, *, answer: bool = False, limit: int = 20_000) -> None:
    """Draw a prompt or a response as it is, line breaks kept; what is over `limit` characters is cut and counted."""
    shown = escape(text[:limit])
    rest = f"<br><i>… {len(text) - limit:,} more characters</i>" if len(text) > limit else ""
    st.html(f'<div class="sx-text{" sx-answer" if answer else ""}" dir="auto">{shown or "<i>empty</i>"}{rest}</div>')
