"""Keys of the session state that the Differences page owns."""

A = "differences_a"  # keys of explorer.queries.groups; in the address as `a` and `b`
B = "differences_b"
LENGTH = "differences_length"  # compare at equal response length
FEATURE = "differences_feature"  # int: the feature whose examples are shown
