"""What several pages draw: tables, tokens, canvases, forms and empty states."""
