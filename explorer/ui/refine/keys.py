"""Keys of the session state that the Refine page owns."""

CHOSEN = "refinement"
CLUSTER = "refine_cluster"
ROUND = "refine_round"
OPTION = "refine"  # with _ and the name of an option of `refine`
