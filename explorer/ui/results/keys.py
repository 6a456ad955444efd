"""Keys of the session state that the Results page owns."""

EVALUATION = "evaluation"
RUNS = "results_runs"
BASELINE = "results_baseline"
OPTION = "results"  # with _ and the name of an option of `evaluate`
