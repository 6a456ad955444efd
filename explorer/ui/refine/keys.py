"""Keys of the session state that the Refine page owns."""

CHOSEN = "refinement"
CLUSTER = "refine_cluster"
ROUND = "refine_round"
BUDGET = "refine_budget"
ITERATIONS = "refine_iterations"
SEED = "refine_seed"
FACTOR = "refine_factor"
