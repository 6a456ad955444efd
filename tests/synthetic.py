"""A small, complete workspace made without any model: planted clusters, features bound to words, and hostile rows.

Only the forward pass is made up: tokens are words, and feature f is active on the word that it stands for, so every
number can be recomputed by hand. Everything else is written by the pipeline: ingest, the sorting and evidence of
extraction, labels, embedding, clusters, map, scores and selections. The same seed gives the same workspace, id for id.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from explorer import records
from explorer.features.evidence import AFTER, BEFORE, pair_hash
from explorer.features.extract import CANDIDATES, ShardTables
from explorer.pipeline.cluster import cluster
from explorer.pipeline.embed import embed
from explorer.pipeline.extract import Shards, finish
from explorer.pipeline.ingest import ingest
from explorer.pipeline.label import label
from explorer.pipeline.project import project
from explorer.pipeline.score import score
from explorer.pipeline.select import select
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
    rows, prompts, topic = _rows(words, samples, rng, hostile)
    responses = [row.response.split() for row in rows]
    ingested = ingest_rows(store, rows, topic)
    _extract(store, ingested, _shard(prompts, responses, topic, feature_of, rng), width)
    label(store)
    embed(store)
    clusters = cluster(store, k=len(TOPICS))
    project(store, method="pca")
    score(store)
    for method, name in (("longest", "longest, 30 rows"), ("sae-greedselect", "greedy, 30 rows")):
        select(store, method, budget=30, name=name)
    return Synthetic(store, responses, _renumbered(store, clusters.artifact, topic), feature_of, width)


def _rows(
    words: dict[str, list[str]], samples: int, rng: np.random.Generator, hostile: bool
) -> tuple[list[Sample], list[list[str]], np.ndarray]:
    """Rows, the words of their prompts, and the number of the topic of each."""
    topics = list(words)
    rows, prompts, topic_of = [], [], []
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
        topic_of.append(number % len(topics))
    for number, text in enumerate(HOSTILE if hostile else ()):
        rows.append(Sample(f"hostile {number}: {text}", text + " moon river", source="<b>hostile</b>"))
        prompts.append(rows[-1].prompt.split())
        topic_of.append(3)
    return rows, prompts, np.array(topic_of, dtype=np.int32)


def ingest_rows(store: Store, rows: list[Sample], topic: np.ndarray) -> Artifact:
    """Write `rows` to a file beside the workspace and ingest it; four rows of the file make no sample."""
    source = store.path.parent / f"{store.path.name}-source.jsonl"
    with open(source, "w", encoding="utf-8") as file:
        for row, number in zip(rows, topic.tolist(), strict=True):
            record = {"instruction": row.prompt, "input": "", "output": row.response, "source": row.source}
            file.write(json.dumps({**record, **row.meta, "topic": number}, ensure_ascii=False) + "\n")
        for number in range(3):
            file.write(json.dumps({"instruction": f"no answer {number}", "input": "", "output": ""}) + "\n")
        file.write(json.dumps({"instruction": "", "input": "", "output": "no question"}) + "\n")
    return store.resolve("samples", ingest(store, str(source)).artifact)


def strength(word: str, feature: int, position: int) -> float:
    """The activation of a word's own feature at a position: between 0.5 and 8.5, the same on every machine."""
    return 0.5 + (feature * 37 + position * 11 + len(word) * 7) % 80 / 10


def _shard(
    prompts: list[list[str]],
    responses: list[list[str]],
    topic: np.ndarray,
    feature_of: dict[str, int],
    rng: np.random.Generator,
) -> ShardTables:
    """What an extraction of all rows in one shard would give; every peak is a candidate for the evidence."""
    pairs, candidates, counts = [], [], []
    for number, (prompt, response) in enumerate(zip(prompts, responses, strict=True)):
        for segment, text in (("prompt", prompt), ("response", response)):
            hits: dict[int, list[tuple[float, int]]] = defaultdict(list)
            for position, word in enumerate(text):
                if word in feature_of:
                    hits[feature_of[word]].append((strength(word, feature_of[word], position), position))
            for feature, active in sorted(hits.items()):
                value, position = max(active)
                pairs.append((number, feature, segment, value, len(active)))
                candidates.append((number, feature, segment, value, position, text))
        counts.append((number, len(prompt), len(response), 12, int(len(response) > 90), len(response) > 155))
    centres = np.eye(len(TOPICS), 16, dtype=np.float32)
    vectors = centres[topic] + 0.12 * rng.normal(size=(len(topic), 16)).astype(np.float32)
    counted = sum(len(text) for text in (*prompts, *responses))
    return ShardTables(
        pairs=_table(pairs, records.PAIRS),
        tokens=_table(counts, records.TOKENS),
        lm_mean=_table(((i, vector.tolist()) for i, vector in enumerate(vectors)), records.EMBEDDINGS),
        candidates=_candidates(candidates, feature_of),
        sums={"error": 0.17, "squares": 1.0, "measured": 1.0, "entries": 1.8 * counted, "counted": float(counted)},
    )


def _candidates(peaks: list[tuple[int, int, str, float, int, list[str]]], feature_of: dict[str, int]) -> pa.Table:
    """Rows of `explorer.features.extract.CANDIDATES`, with the words around each peak as tokens."""
    hashes = pair_hash(np.array([peak[0] for peak in peaks]), np.array([peak[1] for peak in peaks], np.int32))
    rows = []
    for (sample, feature, segment, value, position, text), key in zip(peaks, hashes.tolist(), strict=True):
        start = max(0, position - BEFORE)
        window = list(enumerate(text[start : position + AFTER + 1]))
        values = [strength(w, feature, start + k) if feature_of.get(w) == feature else 0.0 for k, w in window]
        tokens = [word[:60] if k == 0 else " " + word[:60] for k, word in window]
        rows.append((feature, True, True, key, sample, segment, value, position - start, position, tokens, values))
    return _table(rows, CANDIDATES)


def _extract(store: Store, samples: Artifact, tables: ShardTables, width: int) -> Artifact:
    """Write a made-up shard as an extraction does, and finish it as an extraction does."""
    parameters = {
        "model": "synthetic-lm",
        "model_fingerprint": "synthetic",
        "sae": "synthetic-sae",
        "sae_fingerprint": "synthetic",
        "hook": "blocks.3.hook_resid_post",
        "max_tokens": 1024,
        "dtype": "float32",
    }
    about: Any = SimpleNamespace(
        architecture="topk", d_sae=width, default_threshold=THRESHOLD, neuronpedia_id=None
    )  # what the end of an extraction asks of an SAE
    with store.draft("activations", parameters=parameters, inputs={"samples": samples.id}, resumable=True) as draft:
        Shards(draft).write(0, tables)
        return finish(draft, about, 1)


def _renumbered(store: Store, clusters: str, topic: np.ndarray) -> np.ndarray:
    """The planted topic of each row, int32 [N], numbered as the clusters are, which must be the topics."""
    scan = store.scan(store.resolve("clusters", clusters))
    stored = np.array([label for (label,) in store.sql(f"SELECT cluster FROM {scan} ORDER BY sample_id").fetchall()])
    number_of = dict(zip(topic.tolist(), stored.tolist(), strict=True))
    planted = np.array([number_of[one] for one in topic.tolist()], dtype=np.int32)
    if not np.array_equal(planted, stored):
        raise AssertionError("k-means did not find the planted topics")
    return planted


def _table(rows: Any, schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    return pa.table({field.name: list(column) for field, column in zip(schema, columns, strict=True)}, schema=schema)
