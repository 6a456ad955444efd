"""Proof by training: the same base model fine-tuned on each selection, and what that does to its held-out loss."""
