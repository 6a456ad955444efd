"""Iterative refinement (iterative-kmq): cluster weights that follow how much better the data is than the model."""
