"""The Compare page: saved selections side by side."""
