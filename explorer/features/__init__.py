"""Features: sample-by-feature sets read from a workspace, and what is known about each feature."""
