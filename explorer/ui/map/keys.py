"""Keys of the session state that the Map page owns."""

COLOUR = "colour"
FEATURE = "on_map"
RUN = "picks"
BESIDE = "beside"
PROJECTION = "map_projection"
CANVAS = "map_canvas"  # sent by the browser: the region drawn, the frame in view
SAVE_NAME = "map_keep"
CLUSTERS = "map_clusters"
GRID = "map_grid"
K = "map_k"
