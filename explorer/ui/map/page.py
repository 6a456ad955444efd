"""Where are the rows? The map of the dataset; a region or a cluster of it as rows, features and numbers."""

import streamlit as st

from explorer.ui import shell
from explorer.ui.map import choose_k, map_panel
from explorer.ui.shell import header

view = shell.require("samples", "activations", "projections")
header("Where are the rows?", map_panel.answer(view), counts=view)
top, under, points = st.container(), st.container(), st.container()
with under:
    projection = map_panel.choose(view)
with points:
    map_panel.carry(view, projection)  # sent first: the browser draws while the rest of the page is made
with top:
    map_panel.draw(view, projection)
with under:
    choose_k.draw(view)
