"""Keys of the session state that the Select page owns."""

from explorer.registry import describe
from explorer.selection.spec import SelectionSpec
from explorer.ui import state

UNIT = "unit"  # unit of the budget
BUDGET = "budget"
NAME = "select_name"
REQUEST = "select_ranking"  # the last request of a ranking, without its budget
ADDRESS = "select_address"  # the address as the page wrote it last
DRAWN = "select_shown"  # budget of the last run of the whole page; None while it runs
EPOCHS = "select_epochs"
SPEED = "select_speed"  # training tokens per second
WHICH = "select_which"  # which picks the table shows
PICK = "select_pick"  # int: the pick that is explained, from 1
MISSING = "select_lacking"  # int: the missing feature that is shown
SAVED_RUN = "saved_run"  # id of the saved selection that is chosen
SAVED_NAME = "saved_name"
EXPORT_FORMAT = "export_format"
EXPORT_EXTRAS = "export_extras"
EXPORT_PATH = "export_path"
EXPORT_REPO = "export_repo"
EXPORT_PRIVATE = "export_private"
OPTION = {spec.name: f"option_{spec.name}" for spec in describe(SelectionSpec)} | {
    "method": "method",
    "segment": state.SEGMENT,
}  # of the option of `select` with that name
