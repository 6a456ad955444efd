"""The Probe page: the features of a typed text, and steering."""
