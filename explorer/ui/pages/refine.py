"""Which topics does the model still learn from? Iterative refinement of cluster weights."""

from explorer.ui import context
from explorer.ui.components import refine

refine.draw(context.require("samples"))
