"""Streamlit components drawn by our own JavaScript: ES modules, style sheets, and the palette as CSS variables.

Streamlit takes the script of a component as one text, so the modules that it imports are put before it: each becomes a
function that returns its exports. Modules import each other by relative path, with named imports only.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from streamlit.components import v2

from explorer.figures import theme

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function|class|const|let) (\w+))", re.MULTILINE)
_UNKNOWN = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_PALETTE = f":root,:host{{--accent:{theme.ACCENT};--grey:{theme.GREY}}}\n"


def component(name: str, script: Path, *styles: Path, html: str | None = None) -> ComponentRenderer:
    """Return a component drawn by the ES module `script`, with the style sheets `styles`."""
    return v2.component(name, html=html, css=style_sheet(*styles), js=bundle(script))


def style_sheet(*styles: Path) -> str:
    """Return style sheets as one text; the palette is in its variables `--accent` and `--grey`."""
    return _PALETTE + "\n".join(style.read_text("utf-8") for style in styles)


def ignore() -> None:
    """Do nothing: a state or trigger of a component exists only with a callback; its value is read from the result."""


def bundle(script: Path) -> str:
    """Return an ES module with the modules that it imports as one text; the default export stays as it is.

    Raises:
        ValueError: a module imports itself, or in a form that this does not know.
    """
    names: dict[Path, str] = {}
    functions: list[str] = []

    def add(path: Path, importing: tuple[Path, ...]) -> str:
        """Add a module and what it imports, once; return its name."""
        if path in importing:
            raise ValueError(f"{path.name} imports itself")
        if path not in names:
            exports, text = read(path, importing)
            names[path] = f"{path.stem}_{len(names)}"
            functions.append(f"const {names[path]} = (() => {{\n{text}\nreturn {{ {', '.join(exports)} }};\n}})();\n")
        return names[path]

    def read(path: Path, importing: tuple[Path, ...]) -> tuple[list[str], str]:
        """Return what a module exports, and its text with imports and exports resolved."""

        def resolved(statement: re.Match[str]) -> str:
            module = add((path.parent / statement[2]).resolve(), (*importing, path))
            return f"const {{{statement[1].replace(' as ', ': ')}}} = {module};"

        text = _IMPORT.sub(resolved, path.read_text("utf-8"))
        exports = _EXPORT.findall(text)
        text = _EXPORT.sub("", text)
        for line in _UNKNOWN.findall(text):
            if importing or not line.startswith("export default "):
                raise ValueError(f"{path.name}: cannot bundle {line!r}")
        return exports, text

    _, text = read(script.resolve(), ())
    return "".join([*functions, text])
