"""One synthetic workspace for tests that only read it, and its feature sets recomputed from its words."""

from __future__ import annotations

import pytest

from tests.synthetic import THRESHOLD, Synthetic, build, strength


@pytest.fixture(scope="package")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return build(tmp_path_factory.mktemp("synthetic") / "workspace", samples=90)


@pytest.fixture(scope="package")
def feature_sets(synthetic: Synthetic) -> list[set[int]]:
    return feature_sets_of(synthetic, THRESHOLD)


def feature_sets_of(synthetic: Synthetic, threshold: float) -> list[set[int]]:
    of = synthetic.feature_of
    return [
        {of[word] for at, word in enumerate(text) if word in of and strength(word, of[word], at) > threshold}
        for text in synthetic.tokens
    ]
