"""Which features are there, and what is one of them? `?feature=` opens one."""

from explorer.ui import context, links
from explorer.ui.components import feature_index, feature_page

view = context.require("samples", "activations", "features")
number = links.number("feature")
if number is None:
    feature_index.draw(view)
else:
    feature_page.draw(view, number)
