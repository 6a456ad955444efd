"""Why does length work? Features against response length, under a threshold that moves."""

from explorer.ui import shell
from explorer.ui.length import lab

view = shell.require("samples", "activations")
lab.draw(view)
