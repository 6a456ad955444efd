"""The shapes of the data that passes between stages: Arrow schemas of every table in a workspace.

A schema here is the contract of `explorer.workspace`; readers may rely on the column names and types.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from explorer.options.verbs import SEGMENTS as SEGMENTS

MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])

SAMPLES = pa.schema(
    [
        ("sample_id", pa.int64()),  # 0..n-1 in source order
        ("source_row", pa.int64()),  # zero-based row in the source, dropped rows counted
        ("prompt", pa.string()),
        ("response", pa.string()),
        ("system", pa.string()),
        ("turns", pa.list_(MESSAGE)),  # the whole conversation, system prompt first where there is one
        ("prompt_chars", pa.int64()),
        ("response_chars", pa.int64()),
        ("source", pa.string()),  # the row's own `source`/`category` column, or the file it came from
        ("content_hash", pa.string()),  # of prompt, response and system: equal rows are exact duplicates
        ("duplicate_of", pa.int64()),  # sample_id of the first row with the same content, else null
        ("meta", pa.string()),  # JSON object: every other column of the source row
        ("raw", pa.string()),  # the source row, unchanged, as JSON text
    ]
)

TOKENS = pa.schema(  # activations/<id>/tokens: what extraction saw of each sample
    [
        ("sample_id", pa.int64()),
        ("prompt_tokens", pa.int32()),  # counted tokens of the prompt (system prompt included)
        ("response_tokens", pa.int32()),
        ("template_tokens", pa.int32()),  # chat-template and special tokens, never counted
        ("sink_tokens", pa.int32()),  # attention sinks, left out of feature counts
        ("truncated", pa.bool_()),
    ]
)

PAIRS = pa.schema(  # activations/<id>/by_sample and by_feature
    [
        ("sample_id", pa.int64()),
        ("feature_id", pa.int32()),
        ("segment", pa.string()),  # 'prompt' or 'response'; 'all' is the maximum over both
        ("max_act", pa.float32()),
        ("n_tokens", pa.int32()),
    ]
)

EVIDENCE = pa.schema(  # activations/<id>/evidence
    [
        ("feature_id", pa.int32()),
        ("kind", pa.string()),  # 'top' or 'quantile'
        ("rank", pa.int32()),  # 0 is the strongest of its kind
        ("sample_id", pa.int64()),
        ("segment", pa.string()),
        ("max_act", pa.float32()),
        ("peak", pa.int32()),  # index of the peak in `tokens`
        ("position", pa.int32()),  # token position of the peak in the sample's sequence
        ("tokens", pa.list_(pa.string())),
        ("activations", pa.list_(pa.float32())),
    ]
)

FEATURES = pa.schema(  # features/<id>
    [
        ("feature_id", pa.int32()),
        ("n_samples", pa.int64()),  # samples whose response has it above the default threshold
        ("share", pa.float64()),  # n_samples / samples
        ("n_tokens", pa.int64()),  # tokens on which it is active at all, both segments
        ("density", pa.float64()),  # n_tokens / counted tokens
        ("max_act", pa.float32()),
        ("mean_act", pa.float32()),  # mean of per-sample maxima over samples where it is active
        ("bin_edges", pa.list_(pa.float32())),  # histogram of per-sample maxima
        ("bin_counts", pa.list_(pa.int64())),
        ("top_tokens", pa.list_(pa.string())),
        ("words", pa.list_(pa.string())),  # class-based TF-IDF words of its top contexts
        ("promoted", pa.list_(pa.string())),  # logit lens
        ("suppressed", pa.list_(pa.string())),
        ("label", pa.string()),
        ("label_source", pa.string()),  # 'local', 'neuronpedia', 'llm' or 'user'
        ("length_corr", pa.float64()),  # Pearson r of its presence in the response with response tokens
    ]
)

FEATURE_LABELS = pa.schema(  # features/<id>/labels: every label that is known, the one in use first
    [
        ("feature_id", pa.int32()),
        ("source", pa.string()),  # as `label_source`, without 'user'
        ("label", pa.string()),
        ("score", pa.float64()),  # detection score of an LLM's label, or Neuronpedia's own; null where it has none
        ("by", pa.string()),  # the model that wrote it, where one did
    ]
)
DIRECTIONS = pa.schema(  # features/<id>/directions: empty where the SAE's weights were not at hand
    [
        ("feature_id", pa.int32()),
        ("near", pa.list_(pa.int32())),  # features whose decoder rows point the same way, most alike first
        ("cosine", pa.list_(pa.float32())),
        ("x", pa.float32()),  # place on the map of features; null for one that never fires here
        ("y", pa.float32()),
    ]
)

EMBEDDINGS = pa.schema([("sample_id", pa.int64()), ("vector", pa.list_(pa.float32()))])
CLUSTERS = pa.schema(
    [
        ("sample_id", pa.int64()),
        ("cluster", pa.int32()),
        ("distance", pa.float32()),  # Euclidean, to the centroid of its own cluster
    ]
)
CLUSTER_CARDS = pa.schema(
    [
        ("cluster", pa.int32()),
        ("size", pa.int64()),
        ("name", pa.string()),
        ("words", pa.list_(pa.string())),
        ("centroid", pa.list_(pa.float32())),
    ]
)
PROJECTION = pa.schema([("sample_id", pa.int64()), ("x", pa.float32()), ("y", pa.float32())])
QUALITY = pa.schema([("sample_id", pa.int64()), ("score", pa.float64())])  # null: the score failed
RANKING = pa.schema(
    [
        ("rank", pa.int64()),  # 0 is picked first
        ("sample_id", pa.int64()),
        ("gain", pa.float64()),
        ("round", pa.int32()),
    ]
)


@dataclass(frozen=True)
class Sample:
    """One instruction sample, as ingest makes it and extraction reads it."""

    prompt: str
    response: str
    system: str = ""
    turns: tuple[tuple[str, str], ...] = ()  # (role, content), system first; roles system/user/assistant
    source: str = ""
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """Hash of what a model would be trained on: equal for exact duplicates."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.system, self.prompt, self.response):
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\x00\x1f")
        return digest.hexdigest()
