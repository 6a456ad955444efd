"""The language model: loading it, laying out a sample as tokens, and reading its residual stream."""
