"""Keys of the session state that the Features page owns."""

SEARCH = "q"  # in the address
ORDER = "order"
DESCENDING = "descending"
SHARE = "share"
PAGE = "page"
SOURCE = "label_source"  # in the address
LENGTH = "length_relation"  # in the address
CLUSTER = "feature_cluster"
CONTEXTS = "feature_contexts"
VIEW = "view"  # in the address: table or map
COLOUR = "feature_colour"
LABEL = "feature_label"
EXAMPLES = "feature_examples"
