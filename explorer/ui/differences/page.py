"""Which features separate one group of rows from another? `?a=KEY&b=KEY` names the two."""

from explorer.ui import shell
from explorer.ui.differences import two_groups

two_groups.draw(shell.require("samples", "activations", "features"))
