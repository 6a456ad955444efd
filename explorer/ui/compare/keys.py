"""Keys of the session state that the Compare page owns."""

RUNS = "runs"
A = "compare_a"
B = "compare_b"
SEEDS = "compare_seeds"
PAGE = "compare_page"
