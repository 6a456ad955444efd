"""What is in a row? `?sample=` opens one; without it, the rows as a searchable table."""

from explorer.ui import context, links
from explorer.ui.components import sample_index, sample_page

view = context.require("samples")
number = links.number("sample")
if number is None:
    sample_index.draw(view)
else:
    sample_page.draw(view, number)
