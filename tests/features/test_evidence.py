"""The gate drops only what cannot be among the final evidence."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.features.evidence import SAMPLED, TOP, Gate, Peaks, pair_hash


def peaks(samples, features, values):
    n = len(samples)
    zero = np.zeros(n, np.int64)
    return Peaks(
        np.asarray(samples, np.int64), np.asarray(features, np.int32), np.asarray(values, np.float32),
        zero.astype(np.int32), zero, zero,
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), shards=st.integers(1, 5), levels=st.integers(1, 50))
def test_what_passes_holds_every_winner_however_the_work_is_cut(seed, shards, levels):
    rng = np.random.default_rng(seed)
    n, width = 300, 4
    feature = rng.integers(0, width, n)
    value = rng.integers(1, levels + 1, n) / 4
    gate, top, drawn = Gate(width), np.zeros(n, bool), np.zeros(n, bool)
    for part in np.array_split(np.arange(n), shards):
        top[part], drawn[part] = gate.admit(peaks(part, feature[part], value[part]))
    hashes = pair_hash(np.arange(n), feature.astype(np.int32))
    for f in range(width):
        mine = np.flatnonzero(feature == f)
        strongest = mine[np.lexsort((mine, -value[mine]))][:TOP]
        lowest = mine[np.argsort(hashes[mine])][:SAMPLED]
        assert top[strongest].all()
        assert drawn[lowest].all()


def test_the_gate_lets_little_through_once_it_is_full():
    rng = np.random.default_rng(0)
    gate, n = Gate(1), 5000
    passed = []
    for shard in range(20):
        ids = np.arange(shard * n, (shard + 1) * n)
        top, drawn = gate.admit(peaks(ids, np.zeros(n), rng.random(n)))
        passed.append(int((top | drawn).sum()))
    assert passed[0] >= TOP
    assert passed[-1] < 10
