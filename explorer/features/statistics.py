"""Per-feature statistics of an extraction, computed in DuckDB: frequency, strength, histogram, r with length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.workspace import Artifact, Store

BINS = 24


@dataclass(frozen=True)
class Statistics:
    """Parallel arrays over features 0..width-1; a feature that is never active has zeros and NaN correlation.

    Attributes:
        n_samples: int64 [F], samples whose response has the feature above the threshold.
        n_tokens: int64 [F], tokens of prompt and response on which it is active at any strength.
        max_act, mean_act: float32 [F], over the per-sample maxima of prompt and response.
        bin_counts: int64 [F, BINS], histogram of those maxima between 0 and `max_act`.
        length_corr: float64 [F], Pearson r between its presence in the response and response tokens.
        samples, tokens: number of samples and of counted tokens.
    """

    n_samples: NDArray[np.int64]
    n_tokens: NDArray[np.int64]
    max_act: NDArray[np.float32]
    mean_act: NDArray[np.float32]
    bin_counts: NDArray[np.int64]
    length_corr: NDArray[np.float64]
    samples: int
    tokens: int

    def bin_edges(self, feature: int) -> NDArray[np.float32]:
        """The BINS + 1 edges of a feature's histogram."""
        return np.linspace(0, max(float(self.max_act[feature]), 1e-6), BINS + 1, dtype=np.float32)


def measure(store: Store, activations: Artifact, *, threshold: float) -> Statistics:
    """Compute the statistics of every feature; it is present in a response where `max_act > threshold`."""
    width = int(activations.manifest.info["d_sae"])
    pairs = store.scan(activations, "by_feature")
    tokens = store.scan(activations, "tokens")
    overall = store.sql(
        f"""SELECT feature_id, sum(n_tokens)::BIGINT AS n_tokens, max(max_act) AS max_act, avg(max_act) AS mean_act
        FROM {pairs} GROUP BY feature_id"""
    ).fetchnumpy()
    present = store.sql(
        f"""SELECT p.feature_id, count(*)::BIGINT AS n, sum(t.response_tokens)::DOUBLE AS total
        FROM {pairs} p JOIN {tokens} t USING (sample_id)
        WHERE p.segment = 'response' AND p.max_act > ? GROUP BY p.feature_id""",
        [threshold],
    ).fetchnumpy()
    binned = store.sql(
        f"""WITH tops AS (SELECT feature_id, max(max_act) AS top FROM {pairs} GROUP BY feature_id)
        SELECT feature_id, least(floor(max_act / top * {BINS}), {BINS - 1})::INTEGER AS bin, count(*)::BIGINT AS n
        FROM {pairs} JOIN tops USING (feature_id) GROUP BY ALL"""
    ).fetchnumpy()
    lengths = store.sql(f"SELECT response_tokens FROM {tokens}").fetchnumpy()["response_tokens"].astype(np.float64)
    bins = np.zeros((width, BINS), dtype=np.int64)
    bins[binned["feature_id"], binned["bin"]] = binned["n"]
    count = _spread(width, present["feature_id"], present["n"], np.int64)
    total = _spread(width, present["feature_id"], present["total"], np.float64)
    [(counted,)] = store.sql(f"SELECT sum(prompt_tokens + response_tokens - sink_tokens) FROM {tokens}").fetchall()
    return Statistics(
        n_samples=count,
        n_tokens=_spread(width, overall["feature_id"], overall["n_tokens"], np.int64),
        max_act=_spread(width, overall["feature_id"], overall["max_act"], np.float32),
        mean_act=_spread(width, overall["feature_id"], overall["mean_act"], np.float32),
        bin_counts=bins,
        length_corr=_presence_correlation(count, total, lengths),
        samples=len(lengths),
        tokens=int(counted or 0),
    )


def _spread(width: int, index: NDArray, values: NDArray, dtype: type) -> NDArray:
    out = np.zeros(width, dtype=dtype)
    out[np.asarray(index)] = np.asarray(values)
    return out


def _presence_correlation(
    count: NDArray[np.int64], total: NDArray[np.float64], lengths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pearson r between a 0/1 column with `count` ones, over which lengths sum to `total`, and the lengths."""
    n = len(lengths)
    share = count / max(1, n)
    deviation = np.sqrt(share * (1 - share)) * lengths.std()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(deviation > 0, (total / max(1, n) - share * lengths.mean()) / deviation, np.nan)
