"""One self-contained HTML file from a title, paragraphs, tables and figures. It opens without a network.

The page is `templates/report.html`. Every text is escaped; plotly.js is included once; colours follow the reader's
light or dark setting; buttons save each plot as PNG or SVG. A content security policy in the file blocks every request.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from explorer.exports.atomic import replacing
from explorer.figures import theme
from explorer.text import visible


@dataclass(frozen=True)
class Heading:
    """A heading between the blocks."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Note:
    """A paragraph set apart: a warning or a caveat."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Table:
    """`rows` of as many cells as `head`; numbers are aligned right, None is a dash."""

    kind: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""


@dataclass(frozen=True)
class Plot:
    """A figure, its file name when it is saved, and its caption."""

    kind: ClassVar[str] = "plot"
    figure: theme.Figure
    name: str
    caption: str = ""

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.figure.to_plotly_json()["layout"].get("height") or 420)

    @property
    def spec(self) -> dict[str, Any]:
        """The figure as JSON values for plotly.js, without Plotly's own template."""
        figure = json.loads(str(self.figure.to_json()))
        figure["layout"].pop("template", None)
        return {"name": self.name, "data": figure["data"], "layout": figure["layout"]}


_PERCENT = re.compile(r"[\d.,]+%")
Block = str | Heading | Note | Table | Plot  # a plain string is a paragraph


def page(title: str, blocks: Sequence[Block], *, subtitle: str = "") -> str:
    """Return the whole file as text. No block may hold HTML: all of it is escaped."""
    from plotly.offline import get_plotlyjs

    plots = any(isinstance(block, Plot) for block in blocks)
    library = Markup(get_plotlyjs()) if plots else ""  # contains no </script>: tested
    surfaces = {"light": theme.LIGHT, "dark": theme.DARK}
    return _template().render(title=title, subtitle=subtitle, blocks=blocks, library=library, **surfaces)


def write(path: Path, title: str, blocks: Sequence[Block], *, subtitle: str = "", overwrite: bool = False) -> Path:
    """Write `page(...)` to `path`, whole or not at all; an existing file is refused unless `overwrite`.

    Raises:
        InputError: the file exists, or the folder cannot be written.
    """
    with replacing(path, overwrite=overwrite) as target:
        target.write_text(page(title, blocks, subtitle=subtitle), "utf-8")
    return path


@functools.cache
def _template() -> Template:
    folder = Path(__file__).parent / "templates"
    options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, finalize=_shown, **options)
    environment.filters["written"] = _written
    environment.tests["numeric"] = lambda cell: not isinstance(cell, str) or bool(_PERCENT.fullmatch(cell))
    return environment.get_template("report.html")


def _shown(value: object) -> object:
    """Show control and direction marks of every text as a dot, so that none can turn the line around it."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)


def _written(value: object) -> str:
    """Return a cell of a table as text: four significant digits, a dash for what is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    whole = float(value).is_integer() and abs(value) < 1e15
    return f"{value:,.0f}" if whole else f"{value:,.4g}"
