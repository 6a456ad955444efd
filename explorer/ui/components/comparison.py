"""Stored selections side by side: coverage, overlap, profiles, cost, and the report of it all."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import streamlit as st

from explorer.figures import report, theme
from explorer.figures import selection as figures
from explorer.ui import cache, cache_compare, cache_map, links, state, words
from explorer.ui.components import side_by_side, studio
from explorer.ui.components.page import header, plot, section
from explorer.ui.context import View
from explorer.workspace import Artifact

_TITLE = "What differs between these choices?"
_FIRST = 4  # runs that are shown until the user chooses
_COMBINATIONS = 14  # bars of the UpSet plot
_SEGMENT = "response"


def draw(view: View) -> None:
    """Draw the page."""
    if len(view.selections) < 2:
        header(_TITLE, "Two stored selections are needed to compare; there " + _stored(len(view.selections)))
        st.page_link(links.SELECT, label="Make one on the Select page", icon=":material/arrow_forward:")
        return
    top = st.container()
    runs = _choose(view)
    if len(runs) < 2:
        with top:
            header(_TITLE, "Choose two selections or more.")
        return
    with top:
        header(_TITLE, answer(view, runs))
    coverage = _coverage(view, runs)
    plots = {"Coverage by number of rows": coverage, **_overlap(view, runs), **_profiles(view, runs)}
    numbers = _numbers(view, runs)
    side_by_side.draw(view, runs)
    _report(view, runs, plots, numbers)


def _stored(number: int) -> str:
    return "is one so far." if number else "is none yet."


def _choose(view: View) -> list[Artifact]:
    by_id = {run.id: run for run in reversed(view.selections)}
    asked = st.query_params.get("runs", "")
    if asked and asked != ",".join(state.get(state.COMPARE_RUNS) or ()):
        state.put(state.COMPARE_RUNS, [one for one in dict.fromkeys(asked.split(",")) if one in by_id])
    kept = [run for run in state.get(state.COMPARE_RUNS) or () if run in by_id]
    if state.COMPARE_RUNS in st.session_state:
        state.put(state.COMPARE_RUNS, kept)
    chosen = st.multiselect(
        "Selections",
        list(by_id),
        default=None if state.COMPARE_RUNS in st.session_state else list(by_id)[:_FIRST],
        format_func=lambda key: words.run_name(by_id[key].manifest),
        key=state.COMPARE_RUNS,
        persist_state="session",
        on_change=_address,
    )
    return [by_id[key] for key in chosen]


def _address() -> None:
    """Write the chosen selections to the address, so that it can be shared."""
    st.query_params["runs"] = ",".join(state.get(state.COMPARE_RUNS) or ())


def _method(run: Artifact) -> str:
    return str(run.manifest.parameters.get("method", ""))


def styles(runs: list[Artifact]) -> list[tuple[str, str, str]]:
    """Name, colour and dash of each run: the method's colour, runs of one method told apart by the dash."""
    seen: Counter[str] = Counter()
    found = []
    for run in runs:
        method = _method(run)
        dash = theme.METHOD_DASHES[seen[method] % len(theme.METHOD_DASHES)]
        seen[method] += 1
        found.append((words.run_name(run.manifest), theme.method_colour(method), dash))
    return found


def answer(view: View, runs: list[Artifact]) -> str:
    """One sentence: who covers most at the size that all reach, and how little they share."""
    sizes = [cache.picks(view, run.id).num_rows for run in runs]
    common = min(sizes)
    shares = [cache.run_curve(view, run.id, view.threshold, _SEGMENT).share(common) for run in runs]
    best, worst = int(np.argmax(shares)), int(np.argmin(shares))
    names = [words.md(words.run_name(run.manifest), 50) for run in runs]
    sets = [set(cache.picks(view, run.id)["sample_id"].to_pylist()[:common]) for run in runs]
    shared = len(set.intersection(*sets))
    return (
        f"At {common:,} rows, *{names[best]}* covers {words.share(shares[best])} of the features and *{names[worst]}* "
        f"{words.share(shares[worst])}; {words.noun(shared, 'row')} of {common:,} are in all {len(runs)}."
    )


def _coverage(view: View, runs: list[Artifact]) -> theme.Figure:
    lines, bands = [], []
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(
            "How much do they cover?",
            anchor=False,
            width="content",
            help=f"Features above the threshold {view.threshold:g} in the responses of the first rows of each.",
        )
        wanted = st.toggle(
            f"Band of {cache_compare.SEEDS} seeds",
            value=True,
            key=state.COMPARE_SEEDS,
            persist_state="session",
            help="Lowest and highest coverage when a method that draws at random is run with other seeds. "
            "Methods without a draw give the same rows for every seed and have no band.",
        )
    for run, (name, _, dash) in zip(runs, styles(runs), strict=True):
        curve = cache.run_curve(view, run.id, view.threshold, _SEGMENT)
        lines.append(figures.Line(name, _method(run), curve.covered / max(1, curve.present), dash))
        if wanted and (band := cache_compare.seed_band(view, run.id, view.threshold, _SEGMENT)) is not None:
            bands.append(figures.Band(name, _method(run), *band))
    fig = figures.coverage(lines, bands=bands, height=380)
    plot(fig, key="compare_coverage", alt="Coverage of each selection by rows")
    return fig


def combinations(sets: list[set[int]], most: int) -> list[tuple[tuple[bool, ...], int]]:
    """How many rows are in exactly which of the sets, the largest first, at most `most` of them."""
    counts = Counter(tuple(row in one for one in sets) for row in set().union(*sets))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


def _overlap(view: View, runs: list[Artifact]) -> dict[str, theme.Figure]:
    names, colours, _ = zip(*styles(runs), strict=True)
    sets = [set(cache.picks(view, run.id)["sample_id"].to_pylist()) for run in runs]
    shared = np.array([[len(a & b) / max(1, len(a)) for b in sets] for a in sets])
    height = max(320, 150 + 40 * len(runs))
    matrix = figures.overlap(names, shared, height=height)
    bars = figures.upset(names, colours, combinations(sets, _COMBINATIONS), height=height)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        section("How much do they share?", "Share of the row's selection that is also in the column's.")
        plot(matrix, key="overlap", alt="Overlap matrix")
    with right:
        section("Which rows are in which?", "Rows that are in exactly the selections with a dot; the largest groups.")
        plot(bars, key="upset", alt="Rows by the selections that hold them")
    return {"Share of the row's selection in the column's": matrix, "Rows by the selections that hold them": bars}


def _profiles(view: View, runs: list[Artifact]) -> dict[str, theme.Figure]:
    picked = [cache.picks(view, run.id)["sample_id"].to_numpy() for run in runs]
    tokens = cache.lengths(view)["response_tokens"].fill_null(0).to_numpy()
    found: dict[str, theme.Figure] = {}

    def lines(values: np.ndarray) -> list[tuple[str, str, np.ndarray]]:
        return [(name, colour, values[ids]) for (name, colour, _), ids in zip(styles(runs), picked, strict=True)]

    shown = [("How long are their rows?", "", figures.profile(tokens, lines(tokens), legend=False, height=300))]
    if view.clusters is not None:
        groups = [studio.cluster_shares(view, ids) for ids in picked]
        dots = [(name, colour, mine) for (name, colour, _), (_, _, mine) in zip(styles(runs), groups, strict=True)]
        fig = figures.cluster_profile(groups[0][0], groups[0][1], dots, limit=8, legend=False, height=300)
        shown.append(("Where are they?", "Share of each cluster in the pool (bar) and in each selection (dots).", fig))
    if view.quality is not None:
        scores = cache_map.quality(view)
        scorer = view.quality.manifest.parameters.get("scorer", "")
        fig = figures.profile(scores, lines(scores), x=f"quality score ({scorer})", digits=2, legend=False, height=300)
        shown.append(("How good are they?", "The newest quality score; rows without one are left out.", fig))
    columns: list[Any] = st.columns(len(shown), gap="medium")
    for number, (column, (title, help_text, fig)) in enumerate(zip(columns, shown, strict=True)):
        with column:
            section(title, help_text)
            plot(fig, key=f"compare_profile_{number}", alt=title)
        found[title] = fig
    return found


_HEAD = {
    "selection": "selection",
    "rows": "rows",
    "tokens": "response tokens",
    "coverage": "features covered",
    "certificate": "of the best possible, at least",
    "redundancy": "redundancy",
    "quality": "mean quality",
    "seconds": "seconds",
    "memory": "peak memory (MiB)",
    "seed": "seed",
    "rules": "rules",
}


def _numbers(view: View, runs: list[Artifact]) -> list[dict[str, Any]]:
    section("What do they cost?", "Time is that of the ranking alone; memory is the peak of the whole process then.")
    rows = []
    for run in runs:
        measured = cache_compare.metrics(view, run.id, view.threshold, _SEGMENT)
        rows.append(
            {
                "selection": words.run_name(run.manifest),
                "rows": measured.rows,
                "tokens": measured.tokens,
                "coverage": measured.coverage,
                "certificate": measured.certificate,
                "redundancy": measured.redundancy,
                "quality": measured.quality,
                "seconds": run.manifest.info.get("seconds"),
                "memory": round(run.manifest.peak_memory / 2**20),
                "seed": run.manifest.seed,
                "rules": ", ".join(run.manifest.parameters.get("rules", {})) or "none",
            }
        )
    column = st.column_config.NumberColumn
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        column_config={
            **{key: st.column_config.Column(name) for key, name in _HEAD.items()},
            "coverage": column(_HEAD["coverage"], format="percent"),
            "certificate": column(_HEAD["certificate"], format="percent"),
            "redundancy": column(
                "redundancy", format="%.3f", help="Mean cosine between the feature sets of two picks."
            ),
            "quality": column(_HEAD["quality"], format="%.3f"),
            "seconds": column(_HEAD["seconds"], format="%.3f"),
            "tokens": column(_HEAD["tokens"], format="localized"),
            "rows": column(_HEAD["rows"], format="localized"),
        },
        alt="Numbers of each selection",
    )
    return rows


def _report(view: View, runs: list[Artifact], plots: dict[str, theme.Figure], numbers: list[dict[str, Any]]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Report as one HTML file",
            data=lambda: report_of(view, runs, plots, numbers),
            file_name="comparison.html",
            mime="text/html",
            icon=":material/description:",
            on_click="ignore",
            key="comparison_report",
        )
        st.caption("Opens without a network; every plot in it saves as PNG or SVG.", width="content")


def report_of(view: View, runs: list[Artifact], plots: dict[str, theme.Figure], numbers: list[dict[str, Any]]) -> str:
    """Return the comparison as a self-contained HTML page: the answer, the plots, the numbers, the parameters."""
    plain = answer(view, runs).replace("*", "").replace("\\", "")
    made = [
        [words.run_name(run.manifest), _method(run), run.id, words.when(run.manifest.created), _settings(run)]
        for run in runs
    ]
    blocks: list[report.Block] = [plain]
    blocks += [report.Plot(fig, f"comparison-{number}", title) for number, (title, fig) in enumerate(plots.items())]
    blocks += [
        report.Table(list(_HEAD.values()), [[_cell(row[key]) for key in _HEAD] for row in numbers], "Numbers"),
        report.Table(["selection", "method", "id", "made (UTC)", "settings"], made, "How each was made"),
        report.Note(f"Workspace {view.store.name}; features above {view.threshold:g} in the responses count."),
    ]
    return report.page(_TITLE, blocks, subtitle=f"{len(runs)} selections of {view.rows:,} rows")


def _cell(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def _settings(run: Artifact) -> str:
    about = run.manifest.parameters
    parts = [f"{key} {about.get(key)}" for key in ("budget", "threshold", "segment", "seed")]
    parts += [f"{key} {value}" for key, value in {**about.get("params", {}), **about.get("rules", {})}.items() if value]
    return words.clean(", ".join(parts), 300)
