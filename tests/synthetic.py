"""A small, complete workspace made without any model: planted clusters, features bound to words, and hostile rows.

`build(path)` writes every kind of artifact that the app and the selection code read, through `Store.draft` and the
schemas of `explorer.records`. Tokens are words; feature f is active on the words of its own small list, so every number
can be recomputed by hand. The same seed gives the same workspace, id for id.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from explorer import records
from explorer.records import Sample
from explorer.workspace import Artifact, Store

THRESHOLD = 1.0
TOPICS: dict[str, str] = {
    "travel": "flight hotel passport luggage beach itinerary visa train museum ticket island border",
    "cooking": "oven butter garlic simmer recipe flour onion whisk salt pan dough spice",
    "code": "function variable loop compile return string array debug class import thread cache",
    "poetry": "moon river silence rhyme verse shadow winter rose whisper star sorrow dawn",
    "maths": "equation integral prime proof vector sum angle matrix root theorem limit graph",
    "health": "doctor sleep muscle vitamin heart pulse diet exercise breath pain nurse fever",
}
FILLER = "the a of and to in is it for with on as that this you can be will one from by".split()
HOSTILE = (
    '<script>window.__owned=1</script> <img src=x onerror="window.__owned=1"> bold <b>tag</b>',
    "**not bold** [click](javascript:alert(1)) `code` # heading :red[colour] $x^2$ :smile:",
    '=HYPERLINK("http://example.invalid","x") +1 -1 @SUM(A1)',
    "\u202eright to left\u202c \u200bzero width \U0001f600 emoji \u0000 nul",
    "&lt;already escaped&gt; &amp; '); DROP TABLE samples; --",
    "x" * 5_000,
)


@dataclass(frozen=True)
class Synthetic:
    """The store and the arrays behind it, for tests that recompute what the app shows."""

    store: Store
    tokens: list[list[str]]  # response words of each sample
    cluster: np.ndarray  # int32[N], the planted cluster
    feature_of: dict[str, int]  # word -> feature id
    width: int


def build(path: str | Path, *, samples: int = 300, seed: int = 0, hostile: bool = True) -> Synthetic:
    """Make the workspace at `path` (new or empty folder) with `samples` ordinary rows and, if asked, hostile ones."""
    rng = np.random.default_rng(seed)
    store = Store.create(path, name="synthetic")
    words = {topic: text.split() for topic, text in TOPICS.items()}
    vocabulary = [*itertools.chain.from_iterable(words.values()), *FILLER]
    feature_of = {word: number for number, word in enumerate(vocabulary)}
    width = len(vocabulary) + 4  # four dead features
    rows, prompts, cluster = _rows(words, samples, rng, hostile)
    tokens = [row.response.split() for row in rows]
    kept = store_samples(store, rows, cluster)
    activations = _activations(store, kept, rows, tokens, prompts, feature_of, width, rng)
    _features(store, activations, tokens, feature_of, width, len(rows))
    embeddings, clusters = _places(store, kept, activations, cluster, list(words), words, rng)
    del embeddings, clusters
    _quality(store, kept, tokens)
    for name, order, gains in (
        ("longest, 30 rows", *_longest(tokens, 30)),
        ("greedy, 30 rows", *_greedy(tokens, feature_of, 30)),
    ):
        _selection(store, kept, activations, name, order, gains)
    return Synthetic(store, tokens, cluster, feature_of, width)


def _rows(
    words: dict[str, list[str]], samples: int, rng: np.random.Generator, hostile: bool
) -> tuple[list[Sample], list[list[str]], np.ndarray]:
    topics = list(words)
    rows, prompts, cluster = [], [], []
    for number in range(samples):
        topic = topics[number % len(topics)]
        length = int(rng.integers(6, 30) if number % 3 else rng.integers(40, 160))
        own = rng.choice(words[topic], size=length)
        other = rng.choice(FILLER, size=length)
        text = [str(a if rng.random() < 0.45 else b) for a, b in zip(own, other, strict=True)]
        prompt = ["write", "about", *map(str, rng.choice(words[topic], size=3))]
        meta = {"planted": "near-duplicate"} if number % 50 == 49 else {}
        source = "books" if number % 4 else "web"
        rows.append(Sample(" ".join(prompt), " ".join(text), source=source, meta=meta))
        prompts.append(prompt)
        cluster.append(number % len(topics))
    for number, text in enumerate(HOSTILE if hostile else ()):
        rows.append(Sample(f"hostile {number}: {text}", text + " moon river", source="<b>hostile</b>"))
        prompts.append(rows[-1].prompt.split())
        cluster.append(3)
    return rows, prompts, np.array(cluster, dtype=np.int32)


def store_samples(store: Store, rows: list[Sample], cluster: np.ndarray) -> Artifact:
    """Write `rows` to a file beside the workspace and ingest it; four rows of the file make no sample."""
    from explorer.pipeline.ingest import ingest

    source = store.path.parent / f"{store.path.name}-source.jsonl"
    with open(source, "w", encoding="utf-8") as file:
        for row, topic in zip(rows, cluster.tolist(), strict=True):
            record = {"instruction": row.prompt, "input": "", "output": row.response, "source": row.source}
            file.write(json.dumps({**record, **row.meta, "topic": topic}, ensure_ascii=False) + "\n")
        for number in range(3):
            file.write(json.dumps({"instruction": f"no answer {number}", "input": "", "output": ""}) + "\n")
        file.write(json.dumps({"instruction": "", "input": "", "output": "no question"}) + "\n")
    return store.resolve("samples", ingest(store, str(source)).artifact)


def strength(word: str, feature: int, position: int) -> float:
    """The activation of a word's own feature at a position: between 0.5 and 8.5, the same on every machine."""
    return 0.5 + (feature * 37 + position * 11 + len(word) * 7) % 80 / 10


def _activations(
    store: Store,
    samples: Artifact,
    rows: list[Sample],
    tokens: list[list[str]],
    prompts: list[list[str]],
    feature_of: dict[str, int],
    width: int,
    rng: np.random.Generator,
) -> Artifact:
    pairs: list[tuple[int, int, str, float, int]] = []
    peaks: dict[int, list[tuple[float, int, str, int, list[str]]]] = defaultdict(list)
    for number, (prompt, response) in enumerate(zip(prompts, tokens, strict=True)):
        for segment, text in (("prompt", prompt), ("response", response)):
            found: dict[int, list[tuple[float, int]]] = defaultdict(list)
            for position, word in enumerate(text):
                if word in feature_of:
                    feature = feature_of[word]
                    found[feature].append((strength(word, feature, position), position))
            for feature, hits in sorted(found.items()):
                value, position = max(hits)
                pairs.append((number, feature, segment, value, len(hits)))
                peaks[feature].append((value, number, segment, position, text))
    table = _table(pairs, records.PAIRS)
    by_feature = _table(sorted(pairs, key=lambda p: (p[1], p[2], p[0])), records.PAIRS)
    counts = [
        (n, len(p), len(t), 12, int(len(t) > 90), len(t) > 155)
        for n, (p, t) in enumerate(zip(prompts, tokens, strict=True))
    ]
    truncated = sum(c[-1] for c in counts)
    parameters = {"model": "synthetic-lm", "sae": "synthetic-sae", "layer": 3, "max_tokens": 1024}
    with store.draft("activations", parameters=parameters, inputs={"samples": samples.id}) as draft:
        draft.write(table, "by_sample")
        draft.write(by_feature, "by_feature")
        draft.write(_evidence(peaks, feature_of), "evidence")
        draft.write(_table(counts, records.TOKENS), "tokens")
        vectors = rng.normal(size=(len(rows), 16)).astype(np.float32)
        draft.write(_vectors(vectors), "lm_mean")
        draft.info = {
            "model": "synthetic-lm",
            "sae": "synthetic-sae",
            "layer": 3,
            "d_sae": width,
            "default_threshold": THRESHOLD,
            "l0": 1.8,
            "fvu": 0.17,
            "dead_share": 4 / width,
            "sink_share": 0.004,
            "truncated": truncated,
            "tokens": sum(c[1] + c[2] for c in counts),
            "tokens_per_second": 2_000,
        }
        return draft.commit()


def _evidence(peaks: dict[int, list[tuple[float, int, str, int, list[str]]]], feature_of: dict[str, int]) -> pa.Table:
    rows = []
    for feature, hits in sorted(peaks.items()):
        ordered = sorted(hits, key=lambda hit: (-hit[0], hit[1], hit[2]))
        quantiles = [ordered[round(q * (len(ordered) - 1))] for q in (0.1, 0.3, 0.5, 0.7, 0.9)]
        for kind, chosen in (("top", ordered[:12]), ("quantile", quantiles)):
            for rank, (value, sample, segment, position, text) in enumerate(chosen):
                start = max(0, position - 12)
                window = text[start : position + 13]
                values = [
                    strength(word, feature, start + k) if feature_of.get(word) == feature else 0.0
                    for k, word in enumerate(window)
                ]
                shown = [word[:60] if k == 0 else " " + word[:60] for k, word in enumerate(window)]
                peak = position - start
                rows.append((feature, kind, rank, sample, segment, value, peak, position, shown, values))
    return _table(rows, records.EVIDENCE)


def _features(
    store: Store, activations: Artifact, tokens: list[list[str]], feature_of: dict[str, int], width: int, count: int
) -> Artifact:
    word_of = {number: word for word, number in feature_of.items()}
    topic_of = {word: topic for topic, text in TOPICS.items() for word in text.split()}
    lengths = np.array([len(text) for text in tokens], dtype=np.float64)
    total = float(lengths.sum())
    rows = []
    for feature in range(width):
        word = word_of.get(feature, "")
        best = np.array(
            [
                max((strength(w, feature, p) for p, w in enumerate(text) if w == word), default=0.0) if word else 0.0
                for text in tokens
            ]
        )
        uses = sum(text.count(word) for text in tokens) if word else 0
        above, active = best > THRESHOLD, best[best > 0]
        counts, edges = np.histogram(active, bins=20, range=(0.0, 9.0))
        varied = above.any() and not above.all()
        corr = float(np.corrcoef(above, lengths)[0, 1]) if varied else None
        topic = topic_of.get(word)
        neighbours = TOPICS[topic].split()[:5] if topic else FILLER[:5]
        rows.append(
            (
                feature,
                int(above.sum()),
                float(above.mean()),
                uses,
                uses / total,
                float(best.max()),
                float(active.mean()) if len(active) else 0.0,
                edges.tolist(),
                counts.tolist(),
                [f" {word}"] if word else [],
                neighbours if word else [],
                [f" {word}", f" {word}s"] if word else [],
                [" never", " <unk>"] if word else [],
                f"{word} ({topic})" if topic else (f"“{word}” as a small word" if word else "never active"),
                "local",
                corr,
            )
        )
    parameters = {"version": 1, "threshold": THRESHOLD}
    with store.draft("features", parameters=parameters, inputs={"activations": activations.id}) as draft:
        draft.write(_table(rows, records.FEATURES))
        draft.info = {"samples": count, "threshold": THRESHOLD}
        return draft.commit()


def _places(
    store: Store,
    samples: Artifact,
    activations: Artifact,
    cluster: np.ndarray,
    topics: list[str],
    words: dict[str, list[str]],
    rng: np.random.Generator,
) -> tuple[Artifact, Artifact]:
    k, dimensions = len(topics), 16
    centres = np.eye(k, dimensions, dtype=np.float32)
    vectors = centres[cluster] + 0.12 * rng.normal(size=(len(cluster), dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    inputs = {"samples": samples.id, "activations": activations.id}
    with store.draft("embeddings", parameters={"method": "lm-mean"}, inputs=inputs) as draft:
        draft.write(_vectors(vectors))
        draft.info = {"method": "lm-mean", "dimensions": dimensions}
        embeddings = draft.commit()
    distance = np.linalg.norm(vectors - centres[cluster], axis=1)
    inputs = {"samples": samples.id, "embeddings": embeddings.id}
    with store.draft("clusters", parameters={"k": k, "seed": 0}, inputs=inputs, seed=0) as draft:
        draft.write(
            _table(zip(range(len(cluster)), cluster.tolist(), distance.tolist(), strict=True), records.CLUSTERS)
        )
        sizes = np.bincount(cluster, minlength=k)
        cards = [(c, int(sizes[c]), topics[c], words[topics[c]][:8], centres[c].tolist()) for c in range(k)]
        draft.write(_table(cards, records.CLUSTER_CARDS), "cards")
        draft.info = {"k": k, "silhouette": 0.61, "inertia": float((distance**2).sum())}
        clusters = draft.commit()
    angle = 2 * np.pi * cluster / k
    spread = rng.normal(scale=0.9, size=(len(cluster), 2))
    x, y = 5 * np.cos(angle) + spread[:, 0], 5 * np.sin(angle) + spread[:, 1]
    with store.draft("projections", parameters={"seed": 0, "method": "umap"}, inputs=inputs, seed=0) as draft:
        draft.write(_table(zip(range(len(cluster)), x.tolist(), y.tolist(), strict=True), records.PROJECTION))
        draft.commit()
    return embeddings, clusters


def _quality(store: Store, samples: Artifact, tokens: list[list[str]]) -> Artifact:
    scores = [len(set(text)) / len(text) if text else None for text in tokens]
    parameters = {"scorer": "heuristic", "params": {}}
    with store.draft("quality", parameters=parameters, inputs={"samples": samples.id}) as draft:
        draft.write(_table(enumerate(scores), records.QUALITY))
        draft.info = {"scorer": "heuristic", "failed": sum(s is None for s in scores)}
        return draft.commit()


def _longest(tokens: list[list[str]], budget: int) -> tuple[list[int], list[float]]:
    order = sorted(range(len(tokens)), key=lambda i: (-len(tokens[i]), i))[:budget]
    return order, [float(len(tokens[i])) for i in order]


def _greedy(tokens: list[list[str]], feature_of: dict[str, int], budget: int) -> tuple[list[int], list[float]]:
    sets = [
        {feature_of[w] for p, w in enumerate(t) if w in feature_of and strength(w, feature_of[w], p) > THRESHOLD}
        for t in tokens
    ]
    left, covered, order, gains = set(range(len(sets))), set(), [], []
    while len(order) < budget:
        best = min(left, key=lambda i: (-len(sets[i] - covered), -len(sets[i]), i))
        if not sets[best] - covered and covered:
            covered = set()
            continue
        order.append(best)
        gains.append(float(len(sets[best] - covered)))
        covered |= sets[best]
        left.remove(best)
    return order, gains


def _selection(
    store: Store, samples: Artifact, activations: Artifact, name: str, order: list[int], gains: list[float]
) -> Artifact:
    method = "longest" if name.startswith("longest") else "sae-greedselect"
    parameters = {
        "method": method,
        "budget": len(order),
        "threshold": THRESHOLD,
        "segment": "response",
        "seed": 0,
        "params": {},
    }
    inputs = {"samples": samples.id, "activations": activations.id}
    greedy = method == "sae-greedselect"
    steps = itertools.pairwise([gains[0], *gains])
    rounds = list(itertools.accumulate((b > a for a, b in steps), initial=1))[1:] if greedy else [0] * len(order)
    ranks = zip(range(len(order)), order, gains, rounds, strict=True)
    with store.draft("selections", parameters=parameters, inputs=inputs, seed=0, name=name) as draft:
        draft.write(_table(ranks, records.RANKING))
        draft.info = {"coverage": 0.9, "certificate": 0.95, "seconds": 0.01}
        return draft.commit()


def _vectors(vectors: np.ndarray) -> pa.Table:
    return _table(((i, v.tolist()) for i, v in enumerate(vectors)), records.EMBEDDINGS)


def _table(rows: Any, schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    return pa.table({field.name: list(column) for field, column in zip(schema, columns, strict=True)}, schema=schema)
