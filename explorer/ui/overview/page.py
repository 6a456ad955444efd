"""What does the model see in this data? The workspace at a glance, its health, and what to do next."""

import streamlit as st

from explorer.figures import features as feature_figures
from explorer.ui import cache, context, display, links, shell, state
from explorer.ui.overview import health, new_dataset, next_step, summary
from explorer.ui.shell import header
from explorer.ui.widgets import threshold
from explorer.ui.widgets.elements import plot, section

view = context.current()
if view is None or view.samples is None:
    header("What does the model see in your data?", "Import a dataset: nothing leaves this machine.")
    if view is not None:
        shell.draw_jobs(view)
    elif not context.is_new():
        st.error(display.md(state.get(state.PROBLEM), 400), icon=":material/error:")
    new_dataset.draw(open_at_once=True)
    st.stop()

header("What does the model see in this data?", summary.answer(view), counts=view)
shell.draw_jobs(view)
summary.numbers(view)

if view.features is not None:
    left, right = st.columns([5, 2], gap="large")
    with left:
        section(
            "Active features",
            "A feature is one direction of the sparse autoencoder: a pattern that the model recognises. Its "
            "activation measures how strongly a token shows it. Click a point to open the feature.",
        )
        event = plot(
            feature_figures.landscape(cache.landscape(view, threshold.current(view))),
            key="landscape",
            alt="Active features: share of responses against mean activation",
            on_select="rerun",
            selection_mode="points",
        )
        if event.selection.points:
            links.open_feature(int(event.selection.points[0]["customdata"][0]))
    with right:
        summary.lengths(view)
        summary.sources(view)
else:
    summary.lengths(view)

next_step.draw(view)
health.draw(view)
new_dataset.draw(open_at_once=False)
