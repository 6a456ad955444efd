"""The Streamlit app: pages read state, call the core, draw. Nothing below this package knows of Streamlit."""
