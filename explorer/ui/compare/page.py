"""What differs between these selections? Saved selections side by side."""

from explorer.ui import shell
from explorer.ui.compare import comparison

comparison.draw(shell.require("samples", "activations"))
