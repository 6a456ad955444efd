"""Which rows for my budget? Pick a goal and a budget, run the method, save and export the selection."""

import streamlit as st

from explorer.ui import shell, state
from explorer.ui.select import export_panel, keys, missing_features, picks_panel, saved_selections, studio
from explorer.ui.shell import header

view = shell.require("samples", "activations")
studio.open_address()
state.put(keys.DRAWN, None)
top = st.container()
left, right = st.columns([3, 7], gap="large")
with left:
    request, method = studio.controls(view)
with right:
    budget, task = studio.result(view, request, method)
with top:
    header("Which rows for my budget?", studio.answer(view, method, task, budget), counts=view)
if task is not None and task.outcome is not None and budget is not None:
    studio.profiles(view, task, budget)
    saved_selections.save(view, task, budget)
    picks_panel.draw(view, task, budget)
    if task.outcome.ranked.pool.features is not None:
        picked = task.outcome.ranked.ranking.positions[: budget.rows]
        missing_features.draw(view, task.outcome.ranked.pool.features, picked)
run = saved_selections.draw(view)
if run is not None:
    export_panel.draw(view, run)
