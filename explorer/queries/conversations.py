"""Samples as models read them: conversations for extraction and training, items for quality scorers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from explorer.quality.base import Item
from explorer.workspace import Artifact, Store

Turns = list[tuple[str, str]]  # (role, content)
_BATCH = 1024


def read_items(store: Store, samples: Artifact, ids: Sequence[int] | None = None) -> Iterator[Item]:
    """Every sample by ascending id, or those of `ids` in their order."""
    columns = "content_hash, prompt, response, system, turns, meta"
    if ids is None:
        query = f"SELECT {columns} FROM {store.scan(samples)} ORDER BY sample_id"
        for batch in store.sql(query).to_arrow_reader(_BATCH):
            yield from map(_item, batch.to_pylist())
        return
    for start in range(0, len(ids), _BATCH):
        part = [int(i) for i in ids[start : start + _BATCH]]
        query = (
            f"SELECT sample_id, {columns} FROM {store.scan(samples)} WHERE sample_id IN (SELECT unnest(?::BIGINT[]))"
        )
        by_id = {row["sample_id"]: _item(row) for row in store.sql(query, [part]).to_arrow_table().to_pylist()}
        yield from (by_id[i] for i in part)


def read_turns(store: Store, samples: Artifact, ids: Sequence[int]) -> list[Turns]:
    """The conversations of the samples `ids`, in that order."""
    query = f"SELECT sample_id, turns FROM {store.scan(samples)} WHERE sample_id IN (SELECT unnest(?::BIGINT[]))"
    by_id = {row[0]: _turns(row[1]) for row in store.sql(query, [list(ids)]).fetchall()}
    return [by_id[i] for i in ids]


def read_range(store: Store, samples: Artifact, first: int, last: int) -> tuple[list[int], list[Turns]]:
    """Sample ids `first..last` and their conversations; reads only the row groups that hold them."""
    query = f"SELECT sample_id, turns FROM {store.scan(samples)} WHERE sample_id BETWEEN ? AND ? ORDER BY sample_id"
    rows = store.sql(query, [first, last]).fetchall()
    return [row[0] for row in rows], [_turns(row[1]) for row in rows]


def read_meta(text: str | None) -> dict[str, Any]:
    """The further columns of a source row, from the JSON they are stored as."""
    meta = json.loads(text) if text else {}
    return meta if isinstance(meta, dict) else {}


def _turns(turns: Sequence[Mapping[str, str]] | None) -> Turns:
    return [(turn["role"], turn["content"]) for turn in turns or ()]


def _item(row: dict[str, Any]) -> Item:
    texts = (row[name] or "" for name in ("prompt", "response", "system"))
    return Item(row["content_hash"], *texts, turns=tuple(_turns(row["turns"])), meta=read_meta(row["meta"]))
