"""Quality scores: how good each response is, by its text, by a model, or by a column of the data."""
