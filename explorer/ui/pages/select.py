"""Which rows for my budget? Choose what you want, run the method, tune the budget by eye, keep and export."""

import streamlit as st

from explorer.ui import context
from explorer.ui.components import kept_runs, studio
from explorer.ui.components.page import header

view = context.require("samples", "activations")
top = st.container()
left, right = st.columns([3, 7], gap="large")
with left:
    request, method = studio.controls(view)
with right:
    budget, task = studio.result(view, request, method)
with top:
    header("Which rows for my budget?", studio.answer(view, method, task, budget))
studio.evidence(view, task, budget)
kept_runs.keep(view, request, task, budget)
kept_runs.draw(view)
