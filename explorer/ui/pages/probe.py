"""What does the model see in this text? `?feature=` opens with one feature, `?sample=` with a row's text."""

from explorer.ui import context
from explorer.ui.components import probe

probe.draw(context.require("samples", "activations", "features"))
