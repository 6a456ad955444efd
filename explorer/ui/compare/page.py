"""What differs between these choices? Stored selections side by side."""

from explorer.ui import context
from explorer.ui.compare import comparison

view = context.require("samples", "activations")
comparison.draw(view)
