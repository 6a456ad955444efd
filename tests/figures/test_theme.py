"""A colour is written down once: in the theme, and in Streamlit's own settings, which agree with it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from explorer.figures import theme

ROOT = Path(__file__).resolve().parents[2]
COLOUR = re.compile(r"#(?:[0-9a-f]{3,4}){1,2}\b|\b(?:rgb|hsl)a?\(\s*[\d.]", re.IGNORECASE)
SOURCES = sorted(
    path
    for kind in ("py", "mjs", "js", "css", "html")
    for path in (ROOT / "explorer").rglob(f"*.{kind}")
    if path != ROOT / "explorer/figures/theme.py"
)


def settings() -> dict:
    return tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))["theme"]


@pytest.mark.parametrize(("ground", "surface"), [("light", theme.LIGHT), ("dark", theme.DARK)])
def test_the_app_has_the_colours_of_the_theme(ground: str, surface: theme.Surface) -> None:
    assert settings()[ground] == {
        "primaryColor": surface.primary,
        "backgroundColor": surface.background,
        "secondaryBackgroundColor": surface.secondary,
        "textColor": surface.text,
        "codeTextColor": surface.text,
        "borderColor": surface.border,
        "linkColor": surface.link,
        "dataframeHeaderBackgroundColor": surface.secondary,
    }


def test_the_charts_of_streamlit_have_the_categories_of_the_theme() -> None:
    assert settings()["chartCategoricalColors"] == list(theme.CATEGORIES)
    assert COLOUR.findall(str({key: value for key, value in settings().items() if isinstance(value, str)})) == []


def test_no_other_file_names_a_colour() -> None:
    assert len(SOURCES) > 150
    named = {path.name: COLOUR.findall(path.read_text("utf-8")) for path in SOURCES}
    assert {name: colours for name, colours in named.items() if colours} == {}


def test_a_colour_is_written_down_once() -> None:
    written = re.findall(r"#[0-9A-F]{6}", (ROOT / "explorer/figures/theme.py").read_text("utf-8"))
    assert len(written) == len(set(written))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("surface", [theme.LIGHT, theme.DARK])
def test_text_links_and_muted_text_can_be_read_on_the_page(surface: theme.Surface) -> None:
    assert contrast(surface.text, surface.background) > 7
    assert contrast(surface.link, surface.background) > 4.5
    assert contrast(theme.GREY, surface.background) > 3
