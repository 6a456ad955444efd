"""From a batch of samples to Arrow tables: a pure function that any engine can call on any shard.

For each sample: which features are active in its prompt and in its response, how strongly at most and on how many
tokens; the mean residual of its response; and candidates for the evidence of each feature. Tokens that are padding,
chat template or attention sinks are left out, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.features.evidence import AFTER, BEFORE, Gate, Peaks, pair_hash
from explorer.lm.batches import default_batch_tokens, pad, plan_batches
from explorer.lm.layout import PROMPT, RESPONSE, SEGMENT_NAMES, Layout, Turn, lay_out
from explorer.lm.model import LoadedModel
from explorer.lm.reader import Reader
from explorer.records import EMBEDDINGS, PAIRS, TOKENS
from explorer.sae.encode import Entries, SparseEncoder
from explorer.sae.load import SINK_FACTOR, LoadedSAE

if TYPE_CHECKING:
    import torch

CANDIDATES = pa.schema(
    [
        ("feature_id", pa.int32()),
        ("top", pa.bool_()),
        ("drawn", pa.bool_()),
        ("hash", pa.uint64()),
        ("sample_id", pa.int64()),
        ("segment", pa.string()),
        ("max_act", pa.float32()),
        ("peak", pa.int32()),
        ("position", pa.int32()),
        ("tokens", pa.list_(pa.string())),
        ("activations", pa.list_(pa.float32())),
    ]
)
FVU_EVERY = 16  # variance unexplained is measured on one counted token in this many


@dataclass(frozen=True)
class ShardTables:
    """What one shard of samples gives: tables of explorer.records, evidence candidates, and sums for the health."""

    pairs: pa.Table
    tokens: pa.Table
    lm_mean: pa.Table
    candidates: pa.Table
    sums: dict[str, float]


@dataclass(frozen=True)
class _Read:
    """The counted tokens of a batch: entries with the sample (index in shard), position and segment of each."""

    sample: NDArray[np.int32]
    position: NDArray[np.int32]
    segment: NDArray[np.int8]
    feature: NDArray[np.int32]
    value: NDArray[np.float32]


class Extractor:
    """Holds the model, the SAE and the evidence gate; `extractor(ids, conversations)` reads one shard."""

    def __init__(
        self,
        model: LoadedModel,
        sae: LoadedSAE,
        *,
        median_norm: float,
        max_tokens: int,
        batch_tokens: int | None = None,
    ) -> None:
        self.model, self.sae = model, sae
        self.median_norm = median_norm
        self.max_tokens = max_tokens
        self.batch_tokens = batch_tokens or default_batch_tokens(model.device)
        self._reader = Reader(model, sae.hook_name)
        self._encode = SparseEncoder(sae, bfloat16=model.dtype == "bfloat16")
        self._gate = Gate(sae.d_sae)

    def __call__(
        self,
        sample_ids: Sequence[int],
        conversations: Sequence[Sequence[Turn]],
        tick: Callable[[int, int], None] | None = None,
    ) -> ShardTables:
        """Extract the shard whose samples are `sample_ids` (ascending) with their `conversations`.

        After each batch `tick` is told how many tokens it held and how many the shard has.
        """
        layouts = lay_out(
            self.model.tokenizer, conversations, max_tokens=self.max_tokens, prepend_bos=self.sae.prepend_bos
        )
        means = np.full((len(layouts), self.model.d_model), np.nan, dtype=np.float32)
        sinks = np.zeros(len(layouts), dtype=np.int32)
        sums = {"error": 0.0, "squares": 0.0, "measured": 0.0, "entries": 0.0, "counted": 0.0}
        shift = np.zeros(self.sae.d_in, dtype=np.float64)
        reads = []
        total = sum(len(layout) for layout in layouts)
        waiting = plan_batches([len(layout) for layout in layouts], self.batch_tokens)
        while waiting:
            batch = waiting.pop(0)
            try:
                reads.append(self._read(layouts, batch, means, sinks, sums, shift))
            except (MemoryError, RuntimeError) as error:
                if len(batch) == 1 or not _out_of_memory(error):
                    raise
                self.batch_tokens = max(1, self.batch_tokens // 2)
                waiting[:0] = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
                continue
            if tick is not None:
                tick(sum(len(layouts[i]) for i in batch), total)
        sums |= {f"shift_{i}": float(value) for i, value in enumerate(shift)}
        ids = np.asarray(sample_ids, dtype=np.int64)
        read = _Read(*(np.concatenate([getattr(r, name) for r in reads]) for name in _Read.__dataclass_fields__))
        if self.model.dtype != "float32":
            read = replace(read, value=_as_half(read.value))
        pairs, peaks, read = _group(read, ids)
        return ShardTables(
            pairs=pairs,
            tokens=_token_table(ids, layouts, sinks),
            lm_mean=_mean_table(ids, means),
            candidates=self._candidates(peaks, read, layouts, ids),
            sums=sums,
        )

    def _read(
        self,
        layouts: list[Layout],
        batch: NDArray[np.int64],
        means: NDArray[np.float32],
        sinks: NDArray[np.int32],
        sums: dict[str, float],
        shift: NDArray[np.float64],
    ) -> _Read:
        import torch

        rows = [layouts[i] for i in batch]
        ids = torch.from_numpy(pad([row.ids for row in rows], 0))
        segment = torch.from_numpy(pad([row.segment.astype(np.int32) for row in rows], 0)).to(self.model.device)
        acts = self._reader(ids)
        row, position = torch.nonzero(segment > 0, as_tuple=True)
        x = acts[row, position].float()
        sink = x.norm(dim=-1) > SINK_FACTOR * self.median_norm
        for index in row[sink].cpu().numpy():
            sinks[batch[index]] += 1
        row, position, x = row[~sink], position[~sink], x[~sink]
        kind = segment[row, position]
        _add_means(x[kind == RESPONSE], row[kind == RESPONSE], batch, means)
        entries = self._encode(x)
        self._measure(x, entries, sums, shift)
        sums["entries"] += len(entries)
        sums["counted"] += len(x)
        at = entries.row
        return _Read(
            sample=batch[row.cpu().numpy()[at]].astype(np.int32),
            position=position.cpu().numpy()[at].astype(np.int32),
            segment=kind.cpu().numpy()[at].astype(np.int8),
            feature=entries.feature,
            value=entries.value,
        )

    def _measure(self, x: torch.Tensor, entries: Entries, sums: dict[str, float], shift: NDArray[np.float64]) -> None:
        """Add to the sums that variance unexplained is made of, on one token in `FVU_EVERY`."""
        import torch

        some = x[::FVU_EVERY]
        measured = entries.row % FVU_EVERY == 0
        with torch.inference_mode():
            sae: Any = self.sae.sae
            seen = some.to(sae.device)
            active = torch.zeros(len(seen), self.sae.d_sae, device=sae.device, dtype=sae.dtype)
            row = torch.from_numpy(entries.row[measured] // FVU_EVERY).long()
            feature = torch.from_numpy(entries.feature[measured]).long()
            active[row, feature] = torch.from_numpy(entries.value[measured]).to(active)
            sae.process_sae_in(seen)  # decoding undoes the scaling of what went in last
            sums["error"] += float((sae.decode(active) - seen).pow(2).sum())
        sums["squares"] += float(some.double().pow(2).sum())
        sums["measured"] += len(some)
        shift += some.double().sum(0).cpu().numpy()

    def _candidates(self, peaks: Peaks, read: _Read, layouts: list[Layout], ids: NDArray[np.int64]) -> pa.Table:
        top, drawn = self._gate.admit(peaks)
        chosen = np.flatnonzero(top | drawn)
        picked = peaks.take(chosen)
        index = np.searchsorted(ids, picked.sample)
        lengths = np.array([len(layout) for layout in layouts])
        first = np.concatenate([[0], np.cumsum(lengths)])  # of each sample in the shard's tokens, one after another
        segments = np.concatenate([layout.segment for layout in layouts])
        low = np.maximum(0, picked.position - BEFORE)
        width = np.minimum(lengths[index], picked.position + AFTER + 1) - low
        where = np.concatenate([[0], np.cumsum(width)])  # of each window in the list of all windows
        shown = np.arange(where[-1]) + np.repeat(first[index] + low - where[:-1], width)
        texts = pa.array([text for layout in layouts for text in layout.content_texts()], pa.string())
        entry, owner = _ranges(picked.start, picked.stop)
        offset = read.position[entry] - low[owner]
        inside = (offset >= 0) & (offset < width[owner])
        activations = np.zeros(where[-1], dtype=np.float32)
        activations[where[owner[inside]] + offset[inside]] = read.value[entry[inside]]
        names = np.array([SEGMENT_NAMES.get(code, "") for code in range(max(SEGMENT_NAMES) + 1)])
        return pa.table(
            [
                pa.array(picked.feature),
                pa.array(top[chosen]),
                pa.array(drawn[chosen]),
                pa.array(pair_hash(picked.sample, picked.feature)),
                pa.array(picked.sample),
                pa.array(names[segments[first[index] + picked.position]], pa.string()),
                pa.array(picked.value),
                pa.array(picked.position - low, pa.int32()),
                pa.array(picked.position),
                pa.ListArray.from_arrays(pa.array(where, pa.int32()), texts.take(pa.array(shown))),
                pa.ListArray.from_arrays(pa.array(where, pa.int32()), pa.array(np.round(activations, 2))),
            ],
            schema=CANDIDATES,
        )


def median_norm(model: LoadedModel, hook_name: str, conversations: Sequence[Sequence[Turn]], max_tokens: int) -> float:
    """Median norm of the content tokens' activations, the yardstick for attention sinks, from some conversations."""
    import torch

    reader = Reader(model, hook_name)
    layouts = lay_out(model.tokenizer, conversations, max_tokens=max_tokens)
    norms = []
    for layout in layouts:  # one at a time: few, and nothing to run out of memory on
        content = torch.from_numpy(layout.segment > 0).to(model.device)
        acts = reader(torch.from_numpy(layout.ids.astype(np.int64))[None])[0]
        norms.append(acts[content].float().norm(dim=-1).cpu())
    return float(torch.cat(norms).median())


def _as_half(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep 11 significant bits, as float16 does: a model in half precision knows no more, and files are half as big."""
    bits = value.view(np.uint32)
    return ((bits + np.uint32(1 << 12)) & np.uint32(0xFFFFE000)).view(np.float32)


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "out of memory" in str(error).lower() or "alloc" in str(error).lower()


def _add_means(x: torch.Tensor, row: torch.Tensor, batch: NDArray[np.int64], means: NDArray[np.float32]) -> None:
    import torch

    sums = torch.zeros(len(batch), x.shape[1], device=x.device).index_add_(0, row, x)
    counts = torch.bincount(row, minlength=len(batch))
    present = (counts > 0).cpu().numpy()
    means[batch[present]] = (sums / counts.clamp(min=1)[:, None]).cpu().numpy()[present]


def _group(read: _Read, ids: NDArray[np.int64]) -> tuple[pa.Table, Peaks, _Read]:
    """Group entries: the pairs table sorted by (sample, segment, feature), and the peak of each (sample, feature)."""
    order = _order(read.sample, read.feature, read.segment, read.position)
    read = _Read(*(getattr(read, name)[order] for name in _Read.__dataclass_fields__))
    same_pair = _starts(read.sample, read.feature, read.segment)
    peak = np.maximum.reduceat(read.value, same_pair) if len(same_pair) else read.value
    count = np.diff(np.r_[same_pair, len(read.value)])
    sample, feature, segment = read.sample[same_pair], read.feature[same_pair], read.segment[same_pair]
    by_sample = _order(sample, segment, feature)
    names = pa.DictionaryArray.from_arrays(
        pa.array(segment[by_sample] - PROMPT, pa.int8()), pa.array([SEGMENT_NAMES[PROMPT], SEGMENT_NAMES[RESPONSE]])
    ).cast(pa.string())
    pairs = pa.table(
        [
            pa.array(ids[sample[by_sample]]),
            pa.array(feature[by_sample]),
            names,
            pa.array(peak[by_sample].astype(np.float32)),
            pa.array(count[by_sample].astype(np.int32)),
        ],
        schema=PAIRS,
    )
    start = _starts(read.sample, read.feature)
    stop = np.r_[start[1:], len(read.value)] if len(start) else start
    highest = np.maximum.reduceat(read.value, start) if len(start) else read.value
    at_peak = np.flatnonzero(read.value == np.repeat(highest, stop - start))
    first = at_peak[np.searchsorted(at_peak, start)]  # the earliest entry of each group that reaches its peak
    peaks = Peaks(ids[read.sample[start]], read.feature[start], highest, read.position[first], start, stop)
    return pairs, peaks, read


def _order(*columns: NDArray) -> NDArray[np.int64]:
    """The order of rows that are all different, first column first: one sort of 64-bit keys, as their parts fit in."""
    key = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        bits = int(column.max(initial=0)).bit_length()
        key = (key << np.uint64(bits)) | column.astype(np.uint64)
    return np.argsort(key)


def _ranges(start: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every number of every range `start[i]:stop[i]`, one after another, and the i of each."""
    sizes = stop - start
    owner = np.repeat(np.arange(len(start)), sizes)
    return np.arange(len(owner)) + np.repeat(start - (np.cumsum(sizes) - sizes), sizes), owner


def _starts(*columns: NDArray) -> NDArray[np.int64]:
    """Where a new run of equal rows begins."""
    length = len(columns[0])
    if length == 0:
        return np.zeros(0, dtype=np.int64)
    new = np.zeros(length, dtype=bool)
    new[0] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)


def _token_table(ids: NDArray[np.int64], layouts: list[Layout], sinks: NDArray[np.int32]) -> pa.Table:
    def count(code: int) -> pa.Array:
        return pa.array([int((layout.segment == code).sum()) for layout in layouts], pa.int32())

    truncated = pa.array([layout.truncated for layout in layouts])
    return pa.table(
        [pa.array(ids), count(PROMPT), count(RESPONSE), count(0), pa.array(sinks), truncated], schema=TOKENS
    )


def _mean_table(ids: NDArray[np.int64], means: NDArray[np.float32]) -> pa.Table:
    """Mean response residual per sample; a sample without a counted response token has a null vector."""
    rows = [None if np.isnan(row).any() else row for row in means]
    vectors = pa.array(rows, EMBEDDINGS.field(1).type)
    return pa.table([pa.array(ids), vectors], schema=EMBEDDINGS)
