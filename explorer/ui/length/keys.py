"""Keys of the session state that the Length page owns."""

THRESHOLD = "length_threshold"
SEGMENT = "length_segment"
COLOUR = "length_grouping"
UNIT = "length_unit"
CARRIED = "length_carried"  # which points the browser of this session holds
CANVAS = "length_canvas"  # the scatter in the browser
FACTOR = "length_inside"
OPEN = "length_row"  # 1 + the row to open in the run after a click
PANELS = "length_inside_kind"
OUTLIERS = "length_residuals"
SUMMARY = "length_written"
