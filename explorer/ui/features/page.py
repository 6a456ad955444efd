"""Which features are there, and what is one of them? `?feature=` opens one."""

from explorer.ui import links, shell
from explorer.ui.features import feature_index, one_feature

view = shell.require("samples", "activations", "features")
number = links.number("feature")
if number is None:
    feature_index.draw(view)
else:
    one_feature.draw(view, number)
