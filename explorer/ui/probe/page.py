"""What does the model see in this text? `?feature=` opens with one feature, `?sample=` with a row's text."""

from explorer.ui import shell
from explorer.ui.probe import typed_text

typed_text.draw(shell.require("samples", "activations", "features"))
