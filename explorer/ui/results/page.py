"""Does it train better? Held-out loss of the same base model fine-tuned on each selection."""

from explorer.ui import shell
from explorer.ui.results import evaluation

evaluation.draw(shell.require("samples"))
