from __future__ import annotations

import numpy as np
import pytest

from explorer.figures import length as figures


@pytest.mark.parametrize(("threshold", "end"), [(1.0, "left"), (8.0, "right")])
def test_the_threshold_is_named_inside_the_plot_and_under_the_lines(threshold: float, end: str) -> None:
    at = np.linspace(0, 10, 21)
    r = 0.9 - 0.04 * at
    fig = figures.r_curve(at, r, r - 0.05, threshold=threshold, interval=(r - 0.1, r + 0.05))
    (said,) = fig.layout.annotations
    assert (said.text, said.xanchor, said.y) == (f"threshold {threshold:g}", end, 0)
    low, high = fig.layout.yaxis.range
    assert float((r - 0.1).min()) - low > 0.09 * (high - low)


def test_groups_past_the_colours_are_drawn_as_others_and_every_row_once() -> None:
    n = 60
    codes, names = np.arange(n) % 12, [f"<b>{k}</b>" for k in range(12)]
    tokens, features = np.arange(n), np.arange(n) * 2
    fig = figures.scatter(tokens, features, [f"row {k}" for k in range(n)], groups=(codes, names))
    points = [trace for trace in fig.data if trace.mode == "markers"]
    assert [trace.name for trace in points][-1] == "4 others" and points[0].name == "&lt;b&gt;0&lt;/b&gt;"
    assert sorted(x for trace in points for x in trace.x) == tokens.tolist()
