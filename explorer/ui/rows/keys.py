"""Keys of the session state that the Rows page owns."""

SEARCH = "find"
SEGMENT = "sample_segment"
ORDER = "sample_order"
LIKE = "sample_like"
MARK = "sample_mark"
TOKENS = "sample_tokens_on"
SHADE = "sample_shade"
