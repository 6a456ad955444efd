"""Tokens shaded by activation, drawn by the browser: many lines in one element, clicks included.

What goes over is data; the script (`assets/tokens.js`) writes it as text, so nothing in it can become markup. Control
and direction marks become a dot and long tokens are cut here, before they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

from explorer.text import visible
from explorer.ui import display, links

MAX_TOKEN = 60  # characters of one token that are shown
MAX_TOKENS = 4_000  # of one text
_ASSETS = Path(__file__).resolve().parents[1] / "assets"

_tokens = component(
    "sae_tokens",
    css=(_ASSETS / "tokens.css").read_text("utf-8"),
    js=(_ASSETS / "tokens.js").read_text("utf-8"),
)


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
    return visible(cut.replace("\r\n", "\n").replace("\t", "  "), keep="\n")


def examples(contexts: Sequence[Mapping[str, Any]], *, strongest: float, key: str) -> None:
    """Draw contexts of one feature (rows of `records.EVIDENCE`); a click on a row's number opens the row."""
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
    _follow(_tokens(data={"lines": lines}, key=key, on_row_change=_nothing, on_feature_change=_nothing))


def texts(passages: Sequence[Text], names: Mapping[int, str], *, key: str) -> None:
    """Draw whole passages; hovering over a token lists its strongest features, a click holds them."""
    lines = []
    for passage in passages:
        cut = passage.tokens[:MAX_TOKENS]
        rest = len(passage.tokens) - len(cut)
        tokens = [shown(token) for token in cut]
        lines.append(
            {
                "kind": "text answer" if passage.answer else "text",
                "head": passage.head
                + (f" (the first {len(cut):,} tokens; {rest:,} more are not shown)" if rest else ""),
                "tokens": tokens,
                "shade": [round(float(value), 3) for value in passage.shade[: len(cut)]],
                "titles": [f"token “{token.strip() or '␣'}”" for token in tokens],
                "features": [
                    [[int(f), round(float(v), 2)] for f, v in pairs] for pairs in passage.features[: len(cut)]
                ],
                "why": list(passage.why[: len(cut)]),
            }
        )
    data = {
        "lines": lines,
        "names": {str(feature): display.clean(name, 90) for feature, name in names.items()},
        "hint": "Hover over a token to see its strongest features; click to hold them, click a name to open it.",
    }
    _follow(_tokens(data=data, key=key, on_row_change=_nothing, on_feature_change=_nothing))


def _nothing() -> None:
    """A trigger exists only with a callback; its value is read from the result."""


def _follow(result: Any) -> None:
    if result.row is not None:
        links.open_sample(int(result.row))
    if result.feature is not None:
        links.open_feature(int(result.feature))
