"""What differs between these choices? Stored selections side by side."""

from explorer.ui import shell
from explorer.ui.compare import comparison

view = shell.require("samples", "activations")
comparison.draw(view)
