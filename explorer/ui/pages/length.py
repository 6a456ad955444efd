"""Why does length work? Features against response length, under a threshold that moves."""

from explorer.ui import context
from explorer.ui.components import length_lab

view = context.require("samples", "activations")
length_lab.draw(view)
