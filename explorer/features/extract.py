"""Turn a shard of samples into Arrow tables of active features; any engine can call it on any shard.

For each sample: the features active in its prompt and in its response, with their maximum activation and number of
tokens; the mean residual of its response; and candidates for the evidence of each feature. Padding, template tokens and
attention sinks do not count; the latter two are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.features.evidence import AFTER, BEFORE, Gate, Peaks, pair_hash
from explorer.lm.batches import default_batch_tokens, is_out_of_memory, pad, plan_batches
from explorer.lm.layout import PROMPT, RESPONSE, SEGMENT_NAMES, TEMPLATE, Layout, Turn, lay_out
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
FVU_EVERY = 16  # the fraction of variance unexplained is measured on one counted token in this many


@dataclass(frozen=True)
class ShardTables:
    """The tables of one shard: those of `explorer.records`, evidence candidates, and sums for L0 and FVU."""

    pairs: pa.Table
    tokens: pa.Table
    lm_mean: pa.Table
    candidates: pa.Table
    sums: dict[str, float]


@dataclass(frozen=True)
class _TokenEntries:
    """Active features of counted tokens: parallel arrays [m]; `sample` is the sample's index in the shard."""

    sample: NDArray[np.int32]
    position: NDArray[np.int32]
    segment: NDArray[np.int8]
    feature: NDArray[np.int32]
    value: NDArray[np.float32]


@dataclass
class _Sums:
    """Sums over the tokens of a shard, added to batch by batch.

    `means` float32 [samples, d_model] are mean response residuals, `sinks` int32 [samples] counts of attention sinks.
    `error` (|x - x̂|²), `squares` (|x|²) and `residual` float64 [d_in] (x) are summed over `measured` tokens; `entries`
    counts the active features of all `counted` tokens.
    """

    means: NDArray[np.float32]
    sinks: NDArray[np.int32]
    residual: NDArray[np.float64]
    error: float = 0.0
    squares: float = 0.0
    measured: int = 0
    entries: int = 0
    counted: int = 0

    def scalars(self) -> dict[str, float]:
        """The sums over tokens by name, as they are stored with the shard and added up over shards."""
        names = ("error", "squares", "measured", "entries", "counted")
        return {name: float(getattr(self, name)) for name in names} | {
            f"shift_{i}": float(value) for i, value in enumerate(self.residual)
        }


class Extractor:
    """`extractor(ids, conversations)` extracts one shard; holds the model, the SAE and the evidence gate."""

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
        """Extract the shard of the samples `sample_ids` (ascending) with their `conversations`.

        After each batch, `tick` is called with the number of tokens in it and in the whole shard.
        """
        layouts = lay_out(
            self.model.tokenizer, conversations, max_tokens=self.max_tokens, prepend_bos=self.sae.prepend_bos
        )
        sums = _Sums(
            means=np.full((len(layouts), self.model.d_model), np.nan, dtype=np.float32),
            sinks=np.zeros(len(layouts), dtype=np.int32),
            residual=np.zeros(self.sae.d_in, dtype=np.float64),
        )
        parts = []
        shard_tokens = sum(len(layout) for layout in layouts)
        pending = plan_batches([len(layout) for layout in layouts], self.batch_tokens)
        while pending:
            batch = pending.pop(0)
            try:
                parts.append(self._read(layouts, batch, sums))
            except (MemoryError, RuntimeError) as error:
                if len(batch) == 1 or not is_out_of_memory(error):
                    raise
                self.batch_tokens = max(1, self.batch_tokens // 2)
                pending[:0] = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
                continue
            if tick is not None:
                tick(sum(len(layouts[i]) for i in batch), shard_tokens)
        ids = np.asarray(sample_ids, dtype=np.int64)
        entries = _concatenate(parts)
        if self.model.dtype != "float32":
            entries = replace(entries, value=_as_half(entries.value))
        pairs, peaks, entries = _group(entries, ids)
        return ShardTables(
            pairs=pairs,
            tokens=_token_table(ids, layouts, sums.sinks),
            lm_mean=_mean_table(ids, sums.means),
            candidates=self._candidates(peaks, entries, layouts, ids),
            sums=sums.scalars(),
        )

    def _read(self, layouts: list[Layout], batch: NDArray[np.int64], sums: _Sums) -> _TokenEntries:
        """Read and encode the counted tokens of a batch, adding to `sums`."""
        import torch

        rows = [layouts[i] for i in batch]
        ids = torch.from_numpy(pad([row.ids for row in rows], 0))
        segment = torch.from_numpy(pad([row.segment.astype(np.int32) for row in rows], 0)).to(self.model.device)
        acts = self._reader(ids)
        row, position = torch.nonzero(segment > 0, as_tuple=True)
        x = acts[row, position].float()
        is_sink = x.norm(dim=-1) > SINK_FACTOR * self.median_norm
        np.add.at(sums.sinks, batch[row[is_sink].cpu().numpy()], 1)
        row, position, x = row[~is_sink], position[~is_sink], x[~is_sink]
        code = segment[row, position]
        _add_means(x[code == RESPONSE], row[code == RESPONSE], batch, sums.means)
        entries = self._encode(x)
        self._add_reconstruction(x, entries, sums)
        sums.entries += len(entries)
        sums.counted += len(x)
        token = entries.row
        return _TokenEntries(
            sample=batch[row.cpu().numpy()[token]].astype(np.int32),
            position=position.cpu().numpy()[token].astype(np.int32),
            segment=code.cpu().numpy()[token].astype(np.int8),
            feature=entries.feature,
            value=entries.value,
        )

    def _add_reconstruction(self, x: torch.Tensor, entries: Entries, sums: _Sums) -> None:
        """Add one token in `FVU_EVERY` to the sums that give the fraction of variance unexplained."""
        import torch

        sampled = x[::FVU_EVERY]
        is_sampled = entries.row % FVU_EVERY == 0
        with torch.inference_mode():
            sae: Any = self.sae.sae
            target = sampled.to(sae.device)
            active = torch.zeros(len(target), self.sae.d_sae, device=sae.device, dtype=sae.dtype)
            row = torch.from_numpy(entries.row[is_sampled] // FVU_EVERY).long()
            feature = torch.from_numpy(entries.feature[is_sampled]).long()
            active[row, feature] = torch.from_numpy(entries.value[is_sampled]).to(active)
            sae.process_sae_in(target)  # decoding undoes the scaling of the last input
            sums.error += float((sae.decode(active) - target).pow(2).sum())
        sums.squares += float(sampled.double().pow(2).sum())
        sums.measured += len(sampled)
        sums.residual += sampled.double().sum(0).cpu().numpy()

    def _candidates(
        self, peaks: Peaks, entries: _TokenEntries, layouts: list[Layout], ids: NDArray[np.int64]
    ) -> pa.Table:
        """The peaks that the evidence gate admits, each with a window of tokens and activations around it."""
        top, drawn = self._gate.admit(peaks)
        admitted = np.flatnonzero(top | drawn)
        peaks = peaks.take(admitted)
        index = np.searchsorted(ids, peaks.sample)
        lengths = np.array([len(layout) for layout in layouts])
        first_token = np.concatenate([[0], np.cumsum(lengths)])  # of each sample, in the tokens of the whole shard
        segments = np.concatenate([layout.segment for layout in layouts])
        low = np.maximum(0, peaks.position - BEFORE)
        width = np.minimum(lengths[index], peaks.position + AFTER + 1) - low
        start = np.concatenate([[0], np.cumsum(width)])  # of each window, in the concatenation of all windows
        window_tokens = np.arange(start[-1]) + np.repeat(first_token[index] + low - start[:-1], width)
        texts = pa.array([text for layout in layouts for text in layout.content_texts()], pa.string())
        entry, owner = _ranges(peaks.start, peaks.stop)
        offset = entries.position[entry] - low[owner]
        inside = (offset >= 0) & (offset < width[owner])
        activations = np.zeros(start[-1], dtype=np.float32)
        activations[start[owner[inside]] + offset[inside]] = entries.value[entry[inside]]
        names = np.array([SEGMENT_NAMES.get(code, "") for code in range(max(SEGMENT_NAMES) + 1)])
        return pa.table(
            [
                pa.array(peaks.feature),
                pa.array(top[admitted]),
                pa.array(drawn[admitted]),
                pa.array(pair_hash(peaks.sample, peaks.feature)),
                pa.array(peaks.sample),
                pa.array(names[segments[first_token[index] + peaks.position]], pa.string()),
                pa.array(peaks.value),
                pa.array(peaks.position - low, pa.int32()),
                pa.array(peaks.position),
                pa.ListArray.from_arrays(pa.array(start, pa.int32()), texts.take(pa.array(window_tokens))),
                pa.ListArray.from_arrays(pa.array(start, pa.int32()), pa.array(np.round(activations, 2))),
            ],
            schema=CANDIDATES,
        )


def median_norm(model: LoadedModel, hook_name: str, conversations: Sequence[Sequence[Turn]], max_tokens: int) -> float:
    """Median norm of the activations of content tokens, which attention sinks are measured against."""
    import torch

    reader = Reader(model, hook_name)
    layouts = lay_out(model.tokenizer, conversations, max_tokens=max_tokens)
    norms = []
    for layout in layouts:  # one by one: there are few, and no batch can run out of memory
        content = torch.from_numpy(layout.segment > 0).to(model.device)
        acts = reader(torch.from_numpy(layout.ids.astype(np.int64))[None])[0]
        norms.append(acts[content].float().norm(dim=-1).cpu())
    return float(torch.cat(norms).median())


def _as_half(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to 11 significant bits, as float16 has: a half-precision model gives no more, and files are half as big."""
    bits = value.view(np.uint32)
    return ((bits + np.uint32(1 << 12)) & np.uint32(0xFFFFE000)).view(np.float32)


def _concatenate(parts: Sequence[_TokenEntries]) -> _TokenEntries:
    names = _TokenEntries.__dataclass_fields__
    return _TokenEntries(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _add_means(x: torch.Tensor, row: torch.Tensor, batch: NDArray[np.int64], means: NDArray[np.float32]) -> None:
    import torch

    sums = torch.zeros(len(batch), x.shape[1], device=x.device).index_add_(0, row, x)
    counts = torch.bincount(row, minlength=len(batch))
    present = (counts > 0).cpu().numpy()
    means[batch[present]] = (sums / counts.clamp(min=1)[:, None]).cpu().numpy()[present]


def _group(entries: _TokenEntries, ids: NDArray[np.int64]) -> tuple[pa.Table, Peaks, _TokenEntries]:
    """Group entries by sample and feature.

    Returns the pairs table sorted by (sample, segment, feature), the peak of each (sample, feature), and the entries
    in the order that the peaks' `start:stop` refer to.
    """
    order = _order(entries.sample, entries.feature, entries.segment, entries.position)
    entries = _TokenEntries(*(getattr(entries, name)[order] for name in _TokenEntries.__dataclass_fields__))
    value = entries.value
    same_pair = _starts(entries.sample, entries.feature, entries.segment)
    peak = np.maximum.reduceat(value, same_pair) if len(same_pair) else value
    count = np.diff(np.r_[same_pair, len(value)])
    sample, feature, segment = entries.sample[same_pair], entries.feature[same_pair], entries.segment[same_pair]
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
    start = _starts(entries.sample, entries.feature)
    stop = np.r_[start[1:], len(value)] if len(start) else start
    highest = np.maximum.reduceat(value, start) if len(start) else value
    at_peak = np.flatnonzero(value == np.repeat(highest, stop - start))
    first = at_peak[np.searchsorted(at_peak, start)]  # the earliest entry of each group that reaches its peak
    peaks = Peaks(ids[entries.sample[start]], entries.feature[start], highest, entries.position[first], start, stop)
    return pairs, peaks, entries


def _order(*columns: NDArray) -> NDArray[np.int64]:
    """Sort order of distinct rows, first column first, by packing the columns into 64-bit keys."""
    key = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        bits = int(column.max(initial=0)).bit_length()
        key = (key << np.uint64(bits)) | column.astype(np.uint64)
    return np.argsort(key)


def _ranges(start: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Concatenate the ranges `start[i]:stop[i]`; returns their numbers and the i of each."""
    sizes = stop - start
    owner = np.repeat(np.arange(len(start)), sizes)
    return np.arange(len(owner)) + np.repeat(start - (np.cumsum(sizes) - sizes), sizes), owner


def _starts(*columns: NDArray) -> NDArray[np.int64]:
    """Positions where a new run of equal rows begins."""
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
        [pa.array(ids), count(PROMPT), count(RESPONSE), count(TEMPLATE), pa.array(sinks), truncated], schema=TOKENS
    )


def _mean_table(ids: NDArray[np.int64], means: NDArray[np.float32]) -> pa.Table:
    """Mean response residual of each sample; null for a sample without a counted response token."""
    rows = [None if np.isnan(row).any() else row for row in means]
    vectors = pa.array(rows, EMBEDDINGS.field(1).type)
    return pa.table([pa.array(ids), vectors], schema=EMBEDDINGS)
