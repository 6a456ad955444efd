"""Plotly figures: arrays or Arrow tables in, a figure out. No Streamlit, no SQL; the look is `theme`'s."""
