"""Why does length work? Features against response length, under a threshold that moves."""

from explorer.ui import context
from explorer.ui.length import lab

view = context.require("samples", "activations")
lab.draw(view)
