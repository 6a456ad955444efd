"""Hypothesis settings: no deadlines, since a kernel may be compiled in the middle of a test."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "selection", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.filter_too_much]
)
settings.load_profile("selection")
