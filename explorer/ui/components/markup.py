"""The one place where the app writes HTML: text of the dataset goes in here, escaped, and nowhere else.

Tokens are shaded from transparent to the accent by activation; the value shows on hover. Direction and control marks
are shown as a dot and every piece is isolated, so that no text can turn or break the line around it.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence

import streamlit as st

MAX_TOKEN = 60  # characters of one token that are shown

_STYLE = """
<style>
.sx-line{font-size:.95rem;line-height:1.75;overflow-wrap:anywhere;padding:.1rem 0}
.sx-line bdi,.sx-chips bdi{unicode-bidi:isolate}
.sx-line mark{color:inherit;background:none;border-radius:3px;padding:1px 0;white-space:pre-wrap}
.sx-line mark.sx-peak{box-shadow:inset 0 -2px 0 #D55E00}
.sx-line .sx-nl{opacity:.4;font-size:.8em}
.sx-value{display:inline-block;min-width:3.6rem;margin-right:.6rem;font-variant-numeric:tabular-nums;opacity:.65;
 font-size:.85rem}
.sx-chips{display:flex;flex-wrap:wrap;gap:.3rem;align-items:baseline;padding:.1rem 0 .3rem}
.sx-chips .sx-name{opacity:.65;font-size:.85rem;min-width:6.2rem}
.sx-chips bdi{border:1px solid rgba(128,136,148,.35);border-radius:4px;padding:0 .4rem;font-size:.86rem;
 white-space:pre;max-width:18rem;overflow:hidden;text-overflow:ellipsis}
.sx-text{white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.6;border-left:3px solid rgba(128,136,148,.35);
 padding:.1rem 0 .1rem .9rem;margin:0 0 .6rem}
.sx-text.sx-answer{border-left-color:rgba(128,136,148,.9)}
.sx-scale{display:flex;gap:.5rem;align-items:center;font-size:.82rem;opacity:.75}
.sx-scale span{display:inline-block;height:.7rem;width:9rem;border-radius:3px;
 background:linear-gradient(90deg,rgba(213,94,0,.0),rgba(213,94,0,.62));border:1px solid rgba(128,136,148,.3)}
</style>
"""


def style() -> None:
    """Put the style sheet of this module on the page (once a run, from app.py)."""
    st.html(_STYLE)


def escape(text: str) -> str:
    """Text as HTML text: escaped, control and direction marks shown as a dot, so nothing is executed or turned."""
    shown = "".join("·" if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t" else c for c in text)
    return html.escape(shown)


def _token(text: str, value: float, strongest: float, peak: bool) -> str:
    cut = text if len(text) <= MAX_TOKEN else text[: MAX_TOKEN - 1] + "…"
    shown = escape(cut).replace("\n", '<span class="sx-nl">↵</span> ').replace("\t", " ")
    if value <= 0:
        return f'<mark dir="auto">{shown}</mark>'
    alpha = 0.08 + 0.54 * min(1.0, value / strongest)
    kind = ' class="sx-peak"' if peak else ""
    return (
        f'<mark dir="auto"{kind} style="background-color:rgba(213,94,0,{alpha:.2f})" title="activation {value:.2f}">'
        f"{shown}</mark>"
    )


def token_line(
    tokens: Sequence[str], activations: Sequence[float], *, strongest: float, peak: int, value: float
) -> None:
    """One example of a feature: its largest activation, then its tokens shaded by activation."""
    pieces = "".join(
        _token(token, float(a), max(strongest, 1e-9), k == peak)
        for k, (token, a) in enumerate(zip(tokens, activations, strict=True))
    )
    st.html(f'<div class="sx-line"><span class="sx-value">{value:.2f}</span><bdi>{pieces}</bdi></div>')


def activation_scale(strongest: float) -> None:
    """Draw the legend of the token shading."""
    st.html(f'<div class="sx-scale">0<span></span>{strongest:.2f} activation</div>')


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
