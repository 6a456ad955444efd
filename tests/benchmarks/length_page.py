"""Time from a change of the Length page's threshold to the new picture, in a real browser, at 52,002 samples.

    python -m tests.benchmarks.length_page --workspace WS [--samples 52002]

WS is a workspace of real rows with its extraction, clusters and quality scores. Its rows are drawn with replacement
(seed 0) into a workspace of `--samples` rows, all activations kept. Chromium opens the page on it and presses an arrow
key on the slider again and again. Measured in the browser: the time from the key to the frame in which the points of
the new threshold stand, from the request that the slider sends to it, and from the key to the last change of the page.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from explorer import records
from explorer.features.sets import FeatureSets
from explorer.queries.sets import load_sets
from explorer.workspace import Artifact, Snapshot, Store
from tests.benchmarks.machine import save
from tests.server import launch, serve

MOVES = 24  # presses of the arrow key that are measured
_CHUNK = 2_000  # samples whose pairs are written at a time

_WATCH = """
(node) => {
  window.__times = {key: 0, sent: 0, first: 0, last: 0, before: ""};
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (!window.__times.sent) window.__times.sent = performance.now();
    return send.call(this, data);
  };
  window.addEventListener("keydown", () => {
    Object.assign(window.__times, {key: performance.now(), sent: 0, first: 0, before: node.dataset.drawn});
  }, true);
  new MutationObserver(() => requestAnimationFrame(() => {  // the frame in which the points stand
    if (!window.__times.first && node.dataset.drawn !== window.__times.before) window.__times.first = performance.now();
  })).observe(node, {attributes: true, attributeFilter: ["data-drawn"]});
  const page = document.querySelector("[data-testid=stMain]");
  const everything = {childList: true, subtree: true, characterData: true, attributes: true};
  new MutationObserver(() => (window.__times.last = performance.now())).observe(page, everything);
}
"""  # the scatter writes what it shows into data-drawn when it has drawn it


def resampled(source: Store, target: Path, n: int) -> Store:
    """Return a workspace of n samples drawn with replacement from `source`."""
    samples = Snapshot.newest(source).require("samples")
    activations = Snapshot.newest(source).require("activations")
    old = samples.manifest.rows["samples"]
    drawn = np.random.default_rng(0).integers(0, old, n)
    store = Store.create(target)

    def again(artifact: Artifact, name: str = "") -> pa.Table:
        scan = source.scan(artifact, name) if name else source.scan(artifact)
        table = source.sql(f"FROM {scan} ORDER BY sample_id").to_arrow_table().take(pa.array(drawn))
        return table.set_column(table.column_names.index("sample_id"), "sample_id", pa.array(np.arange(n)))

    with store.draft("samples", parameters={"resampled": n}, inputs={}) as draft:
        table = again(samples)
        place = table.column_names.index("duplicate_of")
        draft.write(table.set_column(place, "duplicate_of", pa.nulls(n, pa.int64())).cast(records.SAMPLES))
        kept = draft.commit()
    with store.draft("activations", parameters={"resampled": n}, inputs={"samples": kept.id}) as draft:
        sets = {
            segment: load_sets(source, activations, segment=segment, threshold=0.0, samples=old)
            for segment in ("prompt", "response")
        }
        draft.write(_pairs(sets, drawn), "by_sample")
        draft.write(again(activations, "tokens").cast(records.TOKENS), "tokens")
        draft.info = {key: activations.manifest.info[key] for key in ("d_sae", "default_threshold")}
        extracted = draft.commit()
    with store.draft("embeddings", parameters={"resampled": n}, inputs={"samples": kept.id}) as draft:
        vectors = pa.table({"sample_id": np.arange(n), "vector": [[1.0]] * n}, schema=records.EMBEDDINGS)
        draft.write(vectors)
        embeddings = draft.commit()
    found = source.newest("clusters", inputs={"samples": samples.id})
    if found is not None:
        inputs = {"embeddings": embeddings.id, "samples": kept.id, "activations": extracted.id}
        with store.draft("clusters", parameters={"resampled": n}, inputs=inputs) as draft:
            rows = again(found)
            sizes = {v["values"]: v["counts"] for v in pc.value_counts(rows["cluster"]).to_pylist()}  # type: ignore
            draft.write(rows.cast(records.CLUSTERS))
            cards = source.sql(f"FROM {source.scan(found, 'cards')} ORDER BY cluster").to_arrow_table()
            counted = pa.array([sizes.get(c, 0) for c in cards["cluster"].to_pylist()], pa.int64())
            draft.write(cards.set_column(1, "size", counted).cast(records.CLUSTER_CARDS), "cards")
            draft.commit()
    scored = source.newest("quality", inputs={"samples": samples.id})
    if scored is not None:
        with store.draft("quality", parameters={"resampled": n}, inputs={"samples": kept.id}) as draft:
            draft.write(again(scored).cast(records.QUALITY))
            draft.commit()
    return store


def _pairs(sets: dict[str, FeatureSets], drawn: np.ndarray) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(drawn), _CHUNK):
        chosen = drawn[start : start + _CHUNK]
        parts = []
        for segment, found in sets.items():
            rows = found.take(chosen)
            owner = np.repeat(np.arange(start, start + len(chosen)), rows.sizes)
            parts.append((owner, rows.indices, rows.values, np.full(rows.nnz, segment == "response")))
        owner, feature, value, response = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((response, feature, owner))
        names = pc.if_else(pa.array(response[order]), "response", "prompt")  # type: ignore[attr-defined]
        columns = [owner[order], feature[order], names, value[order], np.ones(len(order), np.int32)]
        yield pa.record_batch([pa.array(c) for c in columns], schema=records.PAIRS)


def measure(url: str, moves: int) -> dict[str, Any]:
    """Press the right arrow on the threshold slider `moves` times; milliseconds of each."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        page = launch(driver).new_page(viewport={"width": 1280, "height": 800})
        began = time.monotonic()
        page.goto(url, timeout=600_000)
        page.wait_for_selector("div.scatter[data-drawn]", timeout=600_000)
        first = time.monotonic() - began
        page.get_by_role("heading", name="Outliers").wait_for(timeout=600_000)
        page.wait_for_timeout(8_000)
        page.locator("div.scatter").evaluate(_WATCH)
        slider = page.locator("[data-testid=stSlider] input[type=range]").first
        slider.focus()
        whole, request, settled, values = [], [], [], []
        for move in range(moves + 2):
            page.keyboard.press("ArrowRight")
            page.wait_for_function("window.__times.first > 0")
            page.wait_for_timeout(2_500)  # the rest of the page settles
            times = page.evaluate("window.__times")
            if move >= 2:  # the first two warm caches
                whole.append(times["first"] - times["key"])
                request.append(times["first"] - times["sent"])
                settled.append(times["last"] - times["key"])
            values.append(float(slider.input_value()))
            shown = page.locator("div.scatter").get_attribute("data-drawn") or ""
            assert abs(float(shown.split()[-1]) - values[-1]) < 1e-6, f"{shown} is drawn at {values[-1]}"
        return {
            "first_picture_s": round(first, 2),
            "key": whole,
            "request": request,
            "settled": settled,
            "thresholds": values,
        }


def main() -> None:
    """Build the workspace, serve it, measure, save."""
    parser = argparse.ArgumentParser(description="Time of a threshold change on the Length page.")
    parser.add_argument("--workspace", required=True, help="a workspace of real rows to draw from")
    parser.add_argument("--samples", type=int, default=52_002)
    parser.add_argument("--built", help="a workspace that an earlier run built; built there when it is missing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(options.built or Path(folder) / "workspace")
        began = time.monotonic()
        store = (
            Store.open(target) if target.exists() else resampled(Store.open(options.workspace), target, options.samples)
        )
        print(f"workspace ready after {time.monotonic() - began:.0f} s", file=sys.stderr)
        activations = Snapshot.newest(store).require("activations")
        pairs = activations.manifest.rows["by_sample"]
        with serve(target, Path(folder) / "home") as url:
            seen = measure(f"{url}/length", MOVES)
    save(
        "length_page",
        {
            "samples": options.samples,
            "pairs": pairs,
            "moves": MOVES,
            "first_picture_s": seen["first_picture_s"],
            "request_to_picture_ms": _spread(seen["request"]),
            "key_to_picture_ms": _spread(seen["key"]),
            "key_to_whole_page_ms": _spread(seen["settled"]),
            "thresholds": seen["thresholds"],
        },
    )


def _spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "median": round(statistics.median(ordered), 1),
        "p90": round(ordered[int(0.9 * (len(ordered) - 1))], 1),
        "most": round(ordered[-1], 1),
    }


if __name__ == "__main__":
    main()
