"""Where are the rows? The map of the dataset; a lasso or a cluster makes a table of rows."""

from explorer.ui import context
from explorer.ui.components import map_view
from explorer.ui.components.page import header

view = context.require("samples", "activations", "projection")
header("Where are the rows?", map_view.answer(view))
map_view.draw(view)
