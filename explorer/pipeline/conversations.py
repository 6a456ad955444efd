"""The samples of a workspace as quality scorers and trainers read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from explorer.quality.base import Item
from explorer.workspace import Artifact, Store

_BATCH = 1024


def read_items(store: Store, samples: Artifact, ids: Sequence[int] | None = None) -> Iterator[Item]:
    """Every sample by rising id, or those of `ids` in their order."""
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
        found = {row["sample_id"]: _item(row) for row in store.sql(query, [part]).to_arrow_table().to_pylist()}
        yield from (found[i] for i in part)


def read_meta(text: str | None) -> dict[str, Any]:
    """The further columns of a source row, from the JSON they are kept as."""
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def _item(row: dict[str, Any]) -> Item:
    talk = tuple((turn["role"], turn["content"]) for turn in row["turns"] or ())
    texts = (row[name] or "" for name in ("prompt", "response", "system"))
    return Item(row["content_hash"], *texts, turns=talk, meta=read_meta(row["meta"]))
