from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

from explorer.errors import InputError
from explorer.figures.report import Heading, Note, Plot, Table, page, write

HOSTILE = '</script><script>window.__owned=1</script><img src=x onerror="window.__owned=1"> & \u202e'


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def hostile_page() -> str:
    figure = go.Figure(go.Scatter(x=np.arange(3), y=np.arange(3.0), text=[HOSTILE] * 3, name=HOSTILE))
    blocks = [HOSTILE, Note(HOSTILE), Heading(HOSTILE), Table([HOSTILE], [[HOSTILE], [None]], HOSTILE)]
    return page(HOSTILE, [*blocks, Plot(figure, HOSTILE, HOSTILE)], subtitle=HOSTILE)


def test_no_text_becomes_an_element_of_the_page() -> None:
    tags = Tags()
    tags.feed(hostile_page())
    assert [tag for tag, _ in tags.seen if tag == "img"] == []
    assert len([tag for tag, _ in tags.seen if tag == "script"]) == 3  # the library, the data of the plot, the drawing
    assert not any(name.startswith("on") for _, attributes in tags.seen for name in attributes)
    assert not any(name in ("src", "href") for _, attributes in tags.seen for name in attributes)


@pytest.mark.parametrize(
    "text", ["{{ 7 * 7 }}", "{% for x in blocks %}{{ x }}", "{# no #}", "</style></title><b>", "&lt;b&gt;"]
)
def test_text_is_neither_a_template_nor_markup(text: str) -> None:
    blocks = [text, Note(text), Heading(text), Table([text], [[text]], text), Plot(go.Figure(), text, text)]
    report = page(text, blocks, subtitle=text)
    body = report.split("</head>")[1]
    shown = re.findall(r"<(h1|p class=\"under\"|p|p class=\"note\"|h2|caption|th scope=\"col\"|td)>(.*?)</", body)
    assert len(shown) == 8 and {content for _, content in shown} == {html.escape(text)}
    assert f'aria-label="{html.escape(text)}"' in body and f"<figcaption>{html.escape(text)}<span>" in body


def test_marks_that_turn_a_line_are_dots_everywhere() -> None:
    marks = "a\u202eb\u0007c\u2028d\ud800e"
    blocks = [marks, Note(marks), Heading(marks), Table([marks], [[marks]], marks), Plot(go.Figure(), "p", marks)]
    body = page(marks, blocks, subtitle=marks).split("</head>")[1]
    assert body.count("a·b·c·d·e") == 10 and "\u202e" not in body


def test_the_data_of_a_plot_survives_the_escaping() -> None:
    found = re.search(r'<script type="application/json">(.*?)</script>', hostile_page(), re.S)
    assert found is not None
    spec = json.loads(found[1])
    assert spec["name"] == HOSTILE and spec["data"][0]["text"] == [HOSTILE] * 3


def test_the_library_is_put_in_once_and_cannot_end_its_element() -> None:
    library = get_plotlyjs()
    assert "</script" not in library.lower() and "<!--" not in library
    figure = go.Figure(go.Scatter(x=[1], y=[1]))
    assert page("t", [Plot(figure, "a"), Plot(figure, "b")]).count(library) == 1
    assert library not in page("t", ["only words"])


def test_a_report_allows_no_request_and_follows_the_readers_colours() -> None:
    text = page("t", ["words"])
    assert "default-src 'none'" in text and "prefers-color-scheme:dark" in text


def test_numbers_stand_with_their_digits_and_missing_ones_are_dashes() -> None:
    text = page("t", [Table(["a"], [[12345], [0.98765], [None], [float("nan")], ["12.5%"], ["greedy 5%"]])])
    assert ">12,345<" in text and ">0.9877<" in text and text.count(">–<") == 2
    assert '<td class="n">12.5%<' in text and "<td>greedy 5%<" in text


def test_a_file_is_written_whole_and_never_replaced_unasked(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "report.html"
    write(target, "one", ["a"])
    with pytest.raises(InputError, match="exists already"):
        write(target, "two", ["b"])
    assert "<h1>one</h1>" in target.read_text("utf-8")
    write(target, "two", ["b"], overwrite=True)
    assert "<h1>two</h1>" in target.read_text("utf-8")
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]
