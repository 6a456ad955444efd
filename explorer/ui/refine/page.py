"""Which topics does the model still learn from? Iterative refinement of cluster weights."""

from explorer.ui import shell
from explorer.ui.refine import refinement

refinement.draw(shell.require("samples"))
