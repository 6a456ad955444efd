"""The Differences page: which features separate two groups of rows."""
