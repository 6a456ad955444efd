"""Widgets that several pages draw: tables, tokens, canvases, forms, the threshold."""
