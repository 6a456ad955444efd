"""The Rows page: the row index and one row."""
