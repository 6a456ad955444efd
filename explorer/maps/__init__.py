"""Where the samples are: embeddings, k-means clusters with readable names, and two-dimensional maps."""
