"""Tokens shaded by activation, drawn by the browser: many lines at the price of one element, clicks included.

The browser gets data, and the script (`token_view.mjs`) writes it as text, so nothing in it can become markup. Control
and direction marks become a dot and long tokens are cut here, before they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.text import visible
from explorer.ui import display, links
from explorer.ui.widgets.component import component, ignore

MAX_TOKEN = 60  # characters of one token that are shown
MAX_TOKENS = 4_000  # of one text

_SCRIPT = Path(__file__).with_suffix(".mjs")
_tokens = component("sae_tokens", _SCRIPT, _SCRIPT.with_suffix(".css"))


@dataclass(frozen=True)
class Text:
    """A passage of tokens; `features[k]` are the (feature, activation) pairs of token k, strongest first."""

    head: str
    tokens: Sequence[str]
    shade: Sequence[float]  # 0 to 1
    features: Sequence[Sequence[tuple[int, float]]]
    answer: bool = False
    why: Sequence[str] = ()  # for tokens without a feature: why


def shown(token: str) -> str:
    """Return a token as it may be shown: cut, its control and direction marks as a dot, tabs as a space."""
    cut = token if len(token) <= MAX_TOKEN else token[: MAX_TOKEN - 1] + "…"
    cut = cut.replace("\r\n", "\n").replace("\t", "  ")
    return visible(cut, keep="\n")


def examples(contexts: Sequence[Mapping[str, Any]], *, strongest: float, key: str) -> None:
    """Draw contexts of one feature (rows of `records.EVIDENCE`); a click on a row number opens the row."""
    lines = [
        {
            "value": f"{context['max_act']:.2f}",
            "tokens": [shown(token) for token in context["tokens"]],
            "shade": [round(max(0.0, value) / max(strongest, 1e-9), 3) for value in context["activations"]],
            "titles": [f"activation {value:.2f}" if value > 0 else "" for value in context["activations"]],
            "peak": context["peak"],
            "row": context["sample_id"],
            "where": f"in the {context['segment']}",
        }
        for context in contexts
    ]
    _draw({"lines": lines}, key)


def texts(passages: Sequence[Text], names: Mapping[int, str], *, key: str) -> None:
    """Draw whole passages; hovering over a token lists its strongest features, a click holds the list."""
    data = {
        "lines": [_line(passage) for passage in passages],
        "names": {str(feature): display.clean(name, 90) for feature, name in names.items()},
        "hint": "Hover over a token to see its strongest features; click to hold it, click a name to shade by it.",
    }
    _draw(data, key)


def _line(passage: Text) -> dict[str, Any]:
    n = min(len(passage.tokens), MAX_TOKENS)
    cut = len(passage.tokens) - n
    tokens = [shown(token) for token in passage.tokens[:n]]
    return {
        "kind": "text answer" if passage.answer else "text",
        "head": passage.head + (f" (the first {n:,} tokens; {cut:,} more are not shown)" if cut else ""),
        "tokens": tokens,
        "shade": [round(float(value), 3) for value in passage.shade[:n]],
        "titles": [f"token “{token.strip() or '␣'}”" for token in tokens],
        "features": [[[int(f), round(float(v), 2)] for f, v in pairs] for pairs in passage.features[:n]],
        "why": list(passage.why[:n]),
    }


def _draw(data: Mapping[str, Any], key: str) -> None:
    """Draw the lines, and open the row or the feature that was clicked."""
    clicked = _tokens(data=data, key=key, on_row_change=ignore, on_feature_change=ignore)
    if clicked.row is not None:
        links.open_sample(int(clicked.row))
    if clicked.feature is not None:
        links.open_feature(int(clicked.feature))
