"""What is in a row? `?sample=` opens one; without it, the rows as a searchable table."""

from explorer.ui import links, shell
from explorer.ui.rows import one_row, row_index

view = shell.require("samples")
number = links.number("sample")
if number is None:
    row_index.draw(view)
else:
    one_row.draw(view, number)
