"""The Map page: rows in two dimensions, clusters and drawn regions."""
