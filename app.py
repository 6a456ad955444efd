"""SAE Data Explorer: configuration and navigation only. Run with `streamlit run app.py -- --workspace PATH`."""

import streamlit as st

from explorer.ui import garbage, shell
from explorer.ui.widgets import markup

st.set_page_config(page_title="SAE Data Explorer", page_icon="explorer/ui/assets/icon.png", layout="wide")
page = st.navigation(shell.pages(), position="top")
markup.style()
garbage.later()
page.run()
