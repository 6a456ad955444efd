"""One self-contained HTML file from a title, paragraphs, tables and figures. It opens without a network.

plotly.js is put in once; every text is escaped; colours follow the reader's light or dark setting; buttons
save each plot as PNG or SVG. A content security policy in the file lets it load nothing from anywhere.
"""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from explorer.exports.atomic import replacing


@dataclass(frozen=True)
class Heading:
    """A heading between the blocks."""

    text: str


@dataclass(frozen=True)
class Note:
    """A paragraph set apart: a warning, or what to keep in mind."""

    text: str


@dataclass(frozen=True)
class Table:
    """`rows` of as many cells as `head`; numbers stand right, None is a dash. `caption` says what it shows."""

    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""


@dataclass(frozen=True)
class Plot:
    """A figure, its file name when it is saved, and what it shows."""

    figure: go.Figure
    name: str
    caption: str = ""


Block = str | Heading | Note | Table | Plot  # a plain string is a paragraph


def page(title: str, blocks: Sequence[Block], *, subtitle: str = "") -> str:
    """Return the whole file as text. No block may hold HTML: all of it is escaped."""
    from plotly.offline import get_plotlyjs

    plots = any(isinstance(block, Plot) for block in blocks)
    body = "\n".join(map(_block, blocks))
    library = f"<script>{get_plotlyjs()}</script>" if plots else ""  # holds no end of a script: tested
    draw = f"<script>{_DRAW}</script>" if plots else ""
    under = f'<p class="under">{_text(subtitle)}</p>' if subtitle else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n{library}\n</head>\n"
        f"<body><main><h1>{_text(title)}</h1>{under}\n{body}\n</main>\n{draw}\n</body></html>\n"
    )


def write(path: Path, title: str, blocks: Sequence[Block], *, subtitle: str = "", overwrite: bool = False) -> Path:
    """Write `page(...)` to `path`, whole or not at all; an existing file is refused unless `overwrite`.

    Raises:
        InputError: the file exists, or the folder cannot be written.
    """
    with replacing(path, overwrite=overwrite) as target:
        target.write_text(page(title, blocks, subtitle=subtitle), "utf-8")
    return path


def _block(block: Block) -> str:
    if isinstance(block, str):
        return f"<p>{_text(block)}</p>"
    if isinstance(block, Heading):
        return f"<h2>{_text(block.text)}</h2>"
    if isinstance(block, Note):
        return f'<p class="note">{_text(block.text)}</p>'
    if isinstance(block, Table):
        return _table(block)
    spec = json.loads(str(block.figure.to_json()))
    spec["layout"].pop("template", None)
    data = _json({"name": block.name, "data": spec["data"], "layout": spec["layout"]})
    height = int(spec["layout"].get("height") or 420)
    buttons = "".join(f'<button type="button" data-format="{f}">{f.upper()}</button>' for f in ("png", "svg"))
    return (
        f'<figure><div class="plot" role="img" aria-label="{_text(block.caption or block.name)}" '
        f'style="height:{height}px"></div><figcaption>{_text(block.caption)}<span>Save as {buttons}</span></figcaption>'
        f'<script type="application/json">{data}</script></figure>'
    )


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in table.head)
    rows = "\n".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in table.rows)
    caption = f"<caption>{_text(table.caption)}</caption>" if table.caption else ""
    return f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return '<td class="n">–</td>'
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        whole = float(value).is_integer() and abs(value) < 1e15
        return f'<td class="n">{value:,.0f}</td>' if whole else f'<td class="n">{value:,.4g}</td>'
    return f"<td>{_text(value)}</td>"


def _text(value: object) -> str:
    """Escape a text; control and direction marks are shown as a dot, so that no text can turn the line around it."""
    shown = "".join("·" if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t" else c for c in str(value))
    return html.escape(shown)


def _json(value: Any) -> str:
    """JSON inside a script element: no text in it can end the element."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


# 'unsafe-eval' is for the WebGL shaders of plotly.js, which it compiles from strings; nothing can be fetched.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; "
    "worker-src blob:; base-uri 'none'; form-action 'none'"
)

_STYLE = """
:root{color-scheme:light dark;--ink:#1B2027;--paper:#fff;--soft:#F4F5F7;--line:#DDE1E6;--quiet:#5C6570;--accent:#C25400}
@media (prefers-color-scheme:dark){:root{--ink:#E4E7EB;--paper:#12151A;--soft:#1B2027;--line:#2E3540;--quiet:#98A1AC;
--accent:#E8772E}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:72rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.75rem;line-height:1.25;margin:0 0 .3rem}h2{font-size:1.25rem;margin:2.2rem 0 .5rem}
p{margin:.5rem 0 .8rem;max-width:52rem;overflow-wrap:anywhere;white-space:pre-line}
.under,figcaption,caption{color:var(--quiet);font-size:.9rem}
.note{border-left:3px solid var(--accent);background:var(--soft);padding:.55rem .9rem}
figure{margin:1rem 0 1.4rem}.plot{width:100%}figcaption{margin-top:.3rem}figcaption span{margin-left:.8rem;
white-space:nowrap}button{font:inherit;font-size:.8rem;color:inherit;background:none;border:1px solid var(--line);
border-radius:4px;padding:0 .45rem;margin-left:.35rem;cursor:pointer}button:hover{border-color:var(--accent)}
.wide{overflow-x:auto;margin:.8rem 0 1.4rem}caption{text-align:left;padding:0 0 .4rem}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.3rem .7rem;text-align:left;vertical-align:top;max-width:30rem;
overflow-wrap:break-word}
th{background:var(--soft)}td.n{text-align:right;white-space:nowrap}
@media print{figure,tr{break-inside:avoid}.modebar,figcaption span{display:none}}
"""

_DRAW = """
"use strict";
const dark = matchMedia("(prefers-color-scheme: dark)");
const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
const save = (plot, format) => Plotly.downloadImage(plot, {format: format, filename: plot.dataset.name,
  scale: format === "png" ? 2 : 1, width: plot.clientWidth, height: plot.clientHeight});
for (const plot of document.querySelectorAll(".plot")) {
  const spec = JSON.parse(plot.parentNode.querySelector('script[type="application/json"]').textContent);
  const font = Object.assign({}, spec.layout.font, {family: "system-ui, sans-serif", size: 13, color: ink()});
  const layout = Object.assign({}, spec.layout, {font: font, autosize: true});
  plot.dataset.name = spec.name;
  Plotly.newPlot(plot, spec.data, layout, {displaylogo: false, responsive: true,
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]]});
  for (const button of plot.parentNode.querySelectorAll("button"))
    button.addEventListener("click", () => save(plot, button.dataset.format));
}
dark.addEventListener("change", () => document.querySelectorAll(".plot").forEach(
  plot => Plotly.relayout(plot, {"font.color": ink()})));
"""
