"""The Features page: the feature index and one feature."""
