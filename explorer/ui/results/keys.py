"""Keys of the session state that the Results page owns."""

EVALUATION = "evaluation"
RUNS = "results_runs"
BASELINE = "results_baseline"
MATCH = "results_match"
SEEDS = "results_seeds"
