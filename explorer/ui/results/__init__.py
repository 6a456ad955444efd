"""The Results page: held-out loss of models trained on each selection."""
