"""Workspaces in which the relation of response length and feature count is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from explorer import records
from explorer.records import Sample
from explorer.workspace import Store
from tests.synthetic import ingest_rows

N = 400
FEATURES = 500


def made_up(path: Path, kind: str, n: int = N, *, poor: int = 0) -> Store:
    """A workspace in which length matters, stands for the source (weakly), is noise, or reverses its sign.

    The last `poor` rows are planted outliers: the longest responses, with five features each.
    """
    draw = np.random.default_rng(0)
    source = np.arange(n) % 2
    tokens = draw.integers(10, 200, n)
    if kind == "matters":
        count = tokens // 3
    elif kind == "proxy":
        tokens = np.where(source == 0, draw.integers(10, 60, n), draw.integers(200, 260, n))
        count = np.where(source == 0, draw.integers(10, 30, n), draw.integers(60, 80, n))
    elif kind == "reversed":
        tokens = np.where(source == 0, draw.integers(10, 100, n), draw.integers(110, 200, n))
        count = np.where(source == 0, 60 - tokens // 3, 140 - tokens // 3)
    elif kind == "weak proxy":
        tokens = tokens + 40 * source
        count = draw.integers(5, 60, n) + 12 * source
    else:
        count = draw.integers(5, 60, n)
    if poor:
        tokens[-poor:], count[-poor:] = 260 + np.arange(poor), 5
    store = Store.create(path)
    rows = [Sample(f"prompt {i}", "four" * int(tokens[i]), source=f"file-{source[i]}.json") for i in range(n)]
    samples = ingest_rows(store, rows, source)
    pairs = [
        (i, int(f), "response", float(a), 1)
        for i in range(n)
        for f, a in zip(
            np.sort(draw.choice(FEATURES, count[i], replace=False)), draw.uniform(3, 9, count[i]), strict=True
        )
    ]
    columns = zip(*pairs, strict=True)
    counted = {name: np.zeros(n, np.int32) for name in records.TOKENS.names} | {
        "sample_id": np.arange(n),
        "response_tokens": tokens.astype(np.int32),
        "truncated": np.zeros(n, bool),
    }
    with store.draft("activations", parameters={}, inputs={"samples": samples.id}) as draft:
        draft.write(pa.table([list(c) for c in columns], schema=records.PAIRS), "by_sample")
        draft.write(pa.table(counted, schema=records.TOKENS), "tokens")
        draft.info = {"d_sae": FEATURES, "default_threshold": 2.0}
        draft.commit()
    return store
