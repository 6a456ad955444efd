"""The Overview page: the dataset at a glance, importing data and the next step."""
