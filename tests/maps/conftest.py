"""A small made-up workspace: three topics, their words, features and hidden states."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from explorer import records
from explorer.maps.vectors import to_table
from explorer.workspace import Store

TOPICS = {
    "kitchen": "Knead the flour dough then bake bread in the oven with butter and garlic.",
    "garden": "Water the tomato seedlings and prune roses in the sunny garden soil.",
    "python": "def sort_list(values): return sorted(values) in Python code with a loop.",
}


def make_workspace(path: Path, n: int = 60, seed: int = 0) -> Store:
    rng = np.random.default_rng(seed)
    store = Store.create(path)
    names = list(TOPICS)
    topic = np.arange(n) % 3
    rows = []
    for i in range(n):
        response = TOPICS[names[topic[i]]] + f" Variant {i}."
        prompt = f"Tell me about {names[topic[i]]}"
        sample = records.Sample(prompt, response, source=names[topic[i]])
        rows.append(
            {
                "sample_id": i,
                "source_row": i,
                "prompt": prompt,
                "response": response,
                "system": "",
                "turns": [],
                "prompt_chars": len(prompt),
                "response_chars": len(response),
                "source": sample.source,
                "content_hash": sample.content_hash,
                "duplicate_of": None,
                "meta": "{}",
                "raw": json.dumps({"instruction": prompt, "output": response}),
            }
        )
    with store.draft("samples", parameters={"source": "made up", "n": n}, inputs={}) as draft:
        draft.write(pa.Table.from_pylist(rows, schema=records.SAMPLES))
        samples = draft.commit()
    pairs = []
    for i in range(n):
        own = rng.choice(10, size=5, replace=False) + 10 * int(topic[i])
        for feature in sorted({int(f) for f in own} | {30}):
            pairs.append((i, feature, "response", float(rng.uniform(1, 9)), 2))
    columns = list(zip(*pairs, strict=True))
    table = pa.table({f.name: list(c) for f, c in zip(records.PAIRS, columns, strict=True)}, schema=records.PAIRS)
    tokens = {
        "sample_id": np.arange(n),
        "prompt_tokens": np.full(n, 5, np.int32),
        "response_tokens": rng.integers(5, 50, n).astype(np.int32),
        "template_tokens": np.full(n, 4, np.int32),
        "sink_tokens": np.zeros(n, np.int32),
        "truncated": np.zeros(n, bool),
    }
    centres = rng.standard_normal((3, 16)) * 4
    states = (centres[topic] + rng.standard_normal((n, 16))).astype(np.float32)
    with store.draft("activations", parameters={"sae": "made up"}, inputs={"samples": samples.id}) as draft:
        draft.write(table, "by_sample")
        draft.write(pa.table(tokens, schema=records.TOKENS), "tokens")
        draft.write(to_table(states), "lm_mean")
        draft.info = {"d_sae": 40, "default_threshold": 0.0}
        draft.commit()
    return store


@pytest.fixture
def workspace(tmp_path: Path) -> Store:
    return make_workspace(tmp_path / "ws")
