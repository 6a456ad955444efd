"""A large workspace made without a model, for measuring the app: random features with the skew of real ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from explorer import records
from explorer.workspace import Artifact, Store

WORDS = np.array([a + b + c for a in "bdfklmnprstv" for b in "aeiou" for c in ("n", "r", "st", "l", "m", "nd")])
SHOWN = 31  # tokens of a context
CLUSTERS = 50
THRESHOLD = 1.0


def build(path: Path, rows: int, features: int, *, per_row: int = 110, seed: int = 0) -> Store:
    """Make a workspace of `rows` samples and `features` features, `per_row` active in a response on average."""
    rng = np.random.default_rng(seed)
    store = Store.create(path, name=f"{rows:,} rows, {features:,} features")
    lengths = rng.lognormal(4.6, 0.7, rows).astype(int).clip(8, 600)
    samples = _samples(store, lengths, rng)
    activations = _activations(store, samples, lengths, features, per_row, rng)
    _features(store, activations, features, rng)
    _places(store, samples, activations, rows, rng)
    _selections(store, samples, activations, lengths, rng)
    return store


def _samples(store: Store, lengths: np.ndarray, rng: np.random.Generator) -> Artifact:
    from explorer.pipeline.ingest import ingest

    source = store.path.parent / f"{store.path.name}-source.jsonl"
    with open(source, "w", encoding="utf-8") as file:
        for number, length in enumerate(lengths.tolist()):
            text = " ".join(rng.choice(WORDS, length).tolist())
            row = {"instruction": f"say {number} {text[:40]}", "output": text, "source": f"s{number % 7}"}
            file.write(json.dumps(row) + "\n")
    return store.resolve("samples", ingest(store, str(source)).artifact)


def _activations(
    store: Store, samples: Artifact, lengths: np.ndarray, features: int, per_row: int, rng: np.random.Generator
) -> Artifact:
    rows = len(lengths)
    weight = 1.0 / np.arange(1, features + 1) ** 0.6
    sizes = np.maximum(3, per_row * lengths / lengths.mean()).astype(int)
    owner = np.repeat(np.arange(rows), sizes)
    drawn = rng.permutation(features)[rng.choice(features, size=len(owner), p=weight / weight.sum())]
    flat = np.unique(owner.astype(np.int64) * features + drawn)
    owner, drawn = flat // features, (flat % features).astype(np.int32)
    value = (THRESHOLD + rng.exponential(2.0, len(flat))).astype(np.float32)
    pairs = pa.table(
        {
            "sample_id": owner,
            "feature_id": drawn,
            "segment": pa.array(["response"]).take(pa.array(np.zeros(len(flat), np.int32))),
            "max_act": value,
            "n_tokens": rng.integers(1, 6, len(flat)).astype(np.int32),
        },
        schema=records.PAIRS,
    )
    info = {"model": "synthetic", "sae": "synthetic", "layer": 1, "d_sae": features, "default_threshold": THRESHOLD}
    parameters = {"model": "synthetic", "sae": "synthetic", "rows": rows}
    with store.draft("activations", parameters=parameters, inputs={"samples": samples.id}) as draft:
        draft.info = info
        draft.write(pairs, "by_sample")
        order = np.lexsort((owner, drawn))
        draft.write(pairs.take(pa.array(order)), "by_feature")
        zeros = np.zeros(rows, np.int32)
        tokens = {
            "sample_id": np.arange(rows),
            "prompt_tokens": zeros + 8,
            "response_tokens": lengths.astype(np.int32),
            "template_tokens": zeros,
            "sink_tokens": zeros,
            "truncated": zeros.astype(bool),
        }
        draft.write(pa.table(tokens, schema=records.TOKENS), "tokens")
        draft.write(_evidence(drawn[order], owner[order], value[order], features, rng), "evidence")
        return draft.commit()


def _evidence(
    feature: np.ndarray, row: np.ndarray, value: np.ndarray, features: int, rng: np.random.Generator
) -> pa.Table:
    starts = np.searchsorted(feature, np.arange(features + 1))
    kinds, picked = [], []
    for one in range(features):
        span = np.arange(starts[one], starts[one + 1])
        best = span[np.argsort(-value[span], kind="stable")]
        for kind, chosen in (("top", best[:20]), ("quantile", best[:: max(1, len(best) // 12)][:12])):
            picked.append(chosen)
            kinds.append((one, kind, len(chosen)))
    flat = np.concatenate(picked)
    count = len(flat)
    acts = np.zeros((count, SHOWN), np.float32)
    acts[:, 20] = value[flat]
    offsets = np.arange(0, (count + 1) * SHOWN, SHOWN, dtype=np.int32)
    vocabulary = pa.array([f" {word}" for word in WORDS])
    words = vocabulary.take(pa.array(rng.integers(0, len(WORDS), count * SHOWN)))
    return pa.table(
        {
            "feature_id": feature[flat],
            "kind": np.repeat([kind for _, kind, _ in kinds], [n for *_, n in kinds]),
            "rank": np.concatenate([np.arange(n, dtype=np.int32) for *_, n in kinds]),
            "sample_id": row[flat],
            "segment": pa.array(["response"]).take(pa.array(np.zeros(count, np.int32))),
            "max_act": value[flat],
            "peak": np.full(count, 20, np.int32),
            "position": np.full(count, 40, np.int32),
            "tokens": pa.ListArray.from_arrays(offsets, words),
            "activations": pa.ListArray.from_arrays(offsets, pa.array(acts.ravel())),
        },
        schema=records.EVIDENCE,
    )


def _features(store: Store, activations: Artifact, features: int, rng: np.random.Generator) -> Artifact:
    from explorer.features.statistics import measure

    stats = measure(store, activations, threshold=THRESHOLD)
    names = [" ".join(rng.choice(WORDS, 3).tolist()) for _ in range(features)]
    lists = [rng.choice(WORDS, 8).tolist() for _ in range(features)]
    columns = {
        "feature_id": np.arange(features),
        "n_samples": stats.n_samples,
        "share": stats.n_samples / stats.samples,
        "n_tokens": stats.n_tokens,
        "density": stats.n_tokens / stats.tokens,
        "max_act": stats.max_act,
        "mean_act": stats.mean_act,
        "bin_edges": [stats.bin_edges(i).tolist() for i in range(features)],
        "bin_counts": stats.bin_counts.tolist(),
        **dict.fromkeys(("top_tokens", "words", "promoted", "suppressed"), lists),
        "label": names,
        "label_source": ["local"] * features,
        "length_corr": stats.length_corr,
    }
    near = rng.integers(0, features, (features, 12))
    place = rng.normal(size=(2, features))
    turned = {
        "feature_id": np.arange(features),
        "near": near.tolist(),
        "cosine": np.sort(rng.random((features, 12)))[:, ::-1].tolist(),
        "x": place[0],
        "y": place[1],
    }
    inputs = {"activations": activations.id, "samples": activations.manifest.inputs["samples"]}
    with store.draft("features", parameters={"synthetic": features}, inputs=inputs) as draft:
        draft.info = {"labelled": features, "logit_lens": True, "directions": True, "by_source": {"local": features}}
        for schema, of, table in ((records.FEATURES, columns, ""), (records.DIRECTIONS, turned, "directions")):
            draft.write(pa.table({f.name: pa.array(of[f.name]).cast(f.type) for f in schema}, schema=schema), table)
        rows = {
            "feature_id": np.arange(features, dtype=np.int32),
            "source": ["local"] * features,
            "label": names,
            "score": pa.nulls(features, pa.float64()),
            "by": [""] * features,
        }
        draft.write(pa.table(rows, schema=records.FEATURE_LABELS), "labels")
        return draft.commit()


def _places(store: Store, samples: Artifact, activations: Artifact, rows: int, rng: np.random.Generator) -> None:
    vectors = rng.normal(size=(rows, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    flat = pa.ListArray.from_arrays(np.arange(0, rows * 64 + 1, 64, dtype=np.int32), pa.array(vectors.ravel()))
    inputs = {"samples": samples.id, "activations": activations.id}
    with store.draft("embeddings", parameters={"method": "synthetic"}, inputs=inputs) as draft:
        draft.write(pa.table({"sample_id": np.arange(rows), "vector": flat}, schema=records.EMBEDDINGS))
        embeddings = draft.commit()
    cluster = rng.integers(0, CLUSTERS, rows).astype(np.int32)
    inputs = {"samples": samples.id, "embeddings": embeddings.id}
    with store.draft("clusters", parameters={"k": CLUSTERS}, inputs=inputs) as draft:
        distance = rng.random(rows).astype(np.float32)
        table = {"sample_id": np.arange(rows), "cluster": cluster, "distance": distance}
        draft.write(pa.table(table, schema=records.CLUSTERS))
        cards = {
            "cluster": np.arange(CLUSTERS, dtype=np.int32),
            "size": np.bincount(cluster, minlength=CLUSTERS),
            "name": [" ".join(rng.choice(WORDS, 3).tolist()) for _ in range(CLUSTERS)],
            "words": [rng.choice(WORDS, 8).tolist() for _ in range(CLUSTERS)],
            "centroid": [[0.0] * 64] * CLUSTERS,
        }
        draft.write(pa.table(cards, schema=records.CLUSTER_CARDS), "cards")
        draft.commit()
    with store.draft("projections", parameters={"method": "synthetic"}, inputs=inputs) as draft:
        place = rng.normal(size=(2, rows)).astype(np.float32)
        table = {"sample_id": np.arange(rows), "x": place[0], "y": place[1]}
        draft.write(pa.table(table, schema=records.PROJECTION))
        draft.commit()


def _selections(
    store: Store, samples: Artifact, activations: Artifact, lengths: np.ndarray, rng: np.random.Generator
) -> None:
    count = len(lengths) // 20
    orders = {"longest": np.argsort(-lengths, kind="stable"), "random": rng.permutation(len(lengths))}
    inputs = {"samples": samples.id, "activations": activations.id}
    for method, order in orders.items():
        parameters = {"method": method, "budget": "5%", "threshold": THRESHOLD}
        with store.draft("selections", parameters=parameters, inputs=inputs, seed=0, name=f"{method} 5%") as draft:
            table = {
                "rank": np.arange(count),
                "sample_id": order[:count],
                "gain": np.linspace(100, 0, count),
                "round": np.zeros(count, np.int32),
            }
            draft.write(pa.table(table, schema=records.RANKING))
            draft.info = {"coverage": 0.9}
            draft.commit()
