"""Hypothesis without deadlines: a kernel that is compiled in the middle of a test is not a failure."""

from hypothesis import settings

settings.register_profile("selection", deadline=None, max_examples=60)
settings.load_profile("selection")
