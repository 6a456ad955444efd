"""One script a page, run by `st.navigation`; no logic here."""
