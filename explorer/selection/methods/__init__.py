"""One selection method a file; `explorer.selection.METHODS` lists them."""
