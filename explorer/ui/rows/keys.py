"""Keys of the session state that the Rows page owns."""

SEARCH = "find"
SEGMENT = "sample_segment"
ORDER = "sample_order"
SIMILAR_BY = "sample_like"
TOKENS = "sample_tokens_on"
SHADE = "sample_shade"
