"""The map in a real browser: 52,000 points, and the density of 1,000,000, with the bytes that go over the wire.

    python -m tests.benchmarks.map [--rows 52000 1000000] [--rounds 5] [--keep FOLDER]

Workspaces of that size are made directly, without a model. Times run from the click in the page to the map being drawn
with what was asked for (an attribute that the map sets after drawing), and to the first hover that answers.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from explorer import records
from explorer.workspace import Store
from tests.benchmarks.machine import save
from tests.server import launch, serve

CLUSTERS = 64
WIDTH = 2_048
PAIRS = 6  # features of a sample
TOPICS = "travel cooking python poetry proof garden budget history French chess sleep email".split()
COLOURS = ("length", "cluster", "source", "feature count", "quality", "selected by", "rank", "cluster")


def build(path: Path, rows: int) -> Store:
    """Make a workspace of `rows` samples whose map has 64 groups: every artifact that the map page reads."""
    rng = np.random.default_rng(0)
    store = Store.create(path, name=f"{rows:,} rows")
    ids = np.arange(rows, dtype=np.int64)
    cluster = rng.choice(CLUSTERS, rows, p=rng.dirichlet(np.full(CLUSTERS, 2.0))).astype(np.int32)
    tokens = np.clip(rng.lognormal(4.4, 0.8, rows), 2, 1_000).astype(np.int32)
    topic = pa.array([TOPICS[number % len(TOPICS)] for number in range(CLUSTERS)]).take(pa.array(cluster))
    text = [
        f"Explain step {number % 997} of a plan about {name}"
        for number, name in zip(ids, topic.to_pylist(), strict=True)
    ]
    empty = pa.nulls(rows, pa.string()).fill_null("")
    samples = {
        "sample_id": ids, "source_row": ids, "prompt": text, "response": text, "system": empty,
        "turns": pa.nulls(rows, records.SAMPLES.field("turns").type), "prompt_chars": ids, "response_chars": ids,
        "source": topic, "content_hash": ids.astype(str), "duplicate_of": pa.nulls(rows, pa.int64()), "meta": empty,
        "raw": empty,
    }  # fmt: skip
    with store.draft("samples", parameters={"rows": rows}, inputs={}) as draft:
        draft.write(pa.table(samples, schema=records.SAMPLES))
        known = draft.commit()
    owner = np.repeat(ids, PAIRS)
    feature = (
        (cluster[owner] * 31 + np.tile(np.arange(PAIRS), rows) * 97 + rng.integers(0, 9, len(owner))) % WIDTH
    ).astype(np.int32)
    order = np.lexsort((feature, owner))
    pairs = {
        "sample_id": owner,
        "feature_id": feature[order],
        "segment": pa.nulls(len(owner), pa.string()).fill_null("response"),
        "max_act": rng.gamma(2.0, 2.0, len(owner)).astype(np.float32),
        "n_tokens": np.ones(len(owner), np.int32),
    }
    table = pa.table(pairs, schema=records.PAIRS)
    counts = {
        "sample_id": ids,
        "prompt_tokens": tokens // 4,
        "response_tokens": tokens,
        "template_tokens": tokens * 0,
        "sink_tokens": tokens * 0,
    }
    with store.draft("activations", parameters={}, inputs={"samples": known.id}) as draft:
        draft.write(table, "by_sample")
        draft.write(table.take(pa.array(np.lexsort((owner, pairs["feature_id"])))), "by_feature")
        draft.write(pa.table({**counts, "truncated": np.zeros(rows, bool)}, schema=records.TOKENS), "tokens")
        draft.info = {"d_sae": WIDTH, "default_threshold": 1.0}
        activations = draft.commit()
    inputs = {"samples": known.id, "activations": activations.id}
    with store.draft("embeddings", parameters={"method": "made-up"}, inputs=inputs) as draft:
        draft.write(pa.table({"sample_id": ids[:1], "vector": [[1.0, 0.0]]}, schema=records.EMBEDDINGS))
        embeddings = draft.commit()
    inputs = {"samples": known.id, "embeddings": embeddings.id}
    away = rng.gamma(2.0, 0.2, rows).astype(np.float32)
    sizes = np.bincount(cluster, minlength=CLUSTERS)
    cards = {
        "cluster": np.arange(CLUSTERS, dtype=np.int32), "size": sizes,
        "name": [f"{TOPICS[c % len(TOPICS)]} {c}" for c in range(CLUSTERS)],
        "words": [[TOPICS[c % len(TOPICS)]] for c in range(CLUSTERS)], "centroid": [[1.0, 0.0]] * CLUSTERS,
    }  # fmt: skip
    with store.draft("clusters", parameters={"k": CLUSTERS, "seed": 0}, inputs=inputs, seed=0) as draft:
        draft.write(pa.table({"sample_id": ids, "cluster": cluster, "distance": away}, schema=records.CLUSTERS))
        draft.write(pa.table(cards, schema=records.CLUSTER_CARDS), "cards")
        draft.info = {"k": CLUSTERS, "choice": None}
        draft.commit()
    centre = rng.normal(size=(CLUSTERS, 2)) * 6
    place = (centre[cluster] + rng.normal(size=(rows, 2)) * rng.uniform(0.3, 1.1, CLUSTERS)[cluster][:, None]).astype(
        np.float32
    )
    with store.draft("projections", parameters={"method": "umap", "seed": 0}, inputs=inputs, seed=0) as draft:
        draft.write(pa.table({"sample_id": ids, "x": place[:, 0], "y": place[:, 1]}, schema=records.PROJECTION))
        draft.commit()
    with store.draft("quality", parameters={"scorer": "heuristic"}, inputs={"samples": known.id}) as draft:
        draft.write(pa.table({"sample_id": ids, "score": rng.beta(8, 2, rows)}, schema=records.QUALITY))
        draft.commit()
    for method, ranked in (("random", rng.permutation(rows)), ("longest", np.argsort(-tokens, kind="stable"))):
        picks = ranked[: rows // 20].astype(np.int64)
        ranks = {
            "rank": np.arange(len(picks)),
            "sample_id": picks,
            "gain": np.ones(len(picks)),
            "round": np.ones(len(picks), np.int32),
        }
        parameters = {"method": method, "budget": "5%"}
        with store.draft(
            "selections", parameters=parameters, inputs={"samples": known.id}, seed=0, name=f"{method} 5%"
        ) as draft:
            draft.write(pa.table(ranks, schema=records.RANKING))
            draft.commit()
    return store


class Wire:
    """Bytes that the browser received over WebSockets."""

    def __init__(self, page: Any) -> None:
        self.bytes = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, frame: Any) -> None:
        self.bytes += len(frame)


_WATCH = """(wanted) => new Promise((done) => {
  const look = () => {
    for (const host of document.querySelectorAll('*')) {
      const map = host.shadowRoot && host.shadowRoot.querySelector('.map');
      if (map && (map.dataset.drawn || '').startsWith(wanted)) return done(performance.now() - window.clicked);
    }
    setTimeout(look, 10);
  };
  look();
})"""


def drawn_after(page: Any, click: Any, wanted: str) -> float:
    """Seconds from a click until the map is drawn and says so."""
    page.evaluate(
        "document.addEventListener('click', () => (window.clicked = performance.now()), {capture: true, once: true})"
    )
    click()
    return page.evaluate(_WATCH, wanted) / 1000


def hover_answers(page: Any) -> float:
    """Milliseconds until moving the pointer over the points shows their words."""
    box = page.locator(".panel").first.bounding_box()
    started = time.perf_counter()
    for step in range(400):
        page.mouse.move(
            box["x"] + 40 + (step * 37) % (box["width"] - 80), box["y"] + 60 + (step * 53) % (box["height"] - 90)
        )
        if page.locator(".tip").first.is_visible():
            return time.perf_counter() - started
    raise RuntimeError("no point answered the pointer")


_FRAMES = """(seconds) => new Promise((done) => {
  const began = performance.now(), gaps = [];
  let before = began;
  const step = (now) => {
    gaps.push(now - before);
    before = now;
    if (now - began < 1000 * seconds) return requestAnimationFrame(step);
    gaps.shift();
    gaps.sort((a, b) => a - b);
    done([1000 * gaps.length / (now - began), gaps[Math.floor(0.95 * gaps.length)]]);
  };
  requestAnimationFrame(step);
})"""


def replayed(page: Any) -> tuple[float, float]:
    """Frames a second while a ranking is replayed, and the 95th percentile of the time between two, in ms."""
    page.get_by_text("selected by", exact=True).first.click()
    page.wait_for_timeout(1_500)
    page.locator(".play").first.click()
    rate, slow = page.evaluate(_FRAMES, 3)
    return rate, slow


def measure(browser: Any, url: str, rounds: int) -> dict[str, Any]:
    """Open the map from the overview by a click, change the colouring, zoom, in `rounds` fresh pages."""
    opened, hovers, wire, colour = [], [], [], {}
    frames: list[tuple[float, float]] = []
    first = 0.0
    for number in range(rounds + 1):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        count = Wire(page)
        page.goto(url)
        page.get_by_role("link", name="Map").first.wait_for()
        page.wait_for_timeout(1_500)
        before = count.bytes
        seconds = drawn_after(page, page.get_by_role("link", name="Map").first.click, "cluster")
        page.wait_for_timeout(600)
        received = count.bytes - before
        answered = hover_answers(page)
        if number:  # the first page warms the server
            opened.append(seconds)
            wire.append(received)
            hovers.append(answered)
        for name in COLOURS:
            taken = drawn_after(page, page.get_by_text(name, exact=True).first.click, name)
            page.wait_for_timeout(500)
            if number:
                colour.setdefault(name, []).append(taken)
        if number:
            frames.append(replayed(page))
        else:
            first = seconds
        context.close()
    return {
        "first_open_s": first,
        "open_s": opened,
        "hover_s": hovers,
        "megabytes": [value / 1e6 for value in wire],
        "colour_s": colour,
        "replay_frames_per_s": [rate for rate, _ in frames],
        "replay_frame_ms_p95": [slow for _, slow in frames],
        "median_open_s": statistics.median(opened),
        "worst_open_s": max(opened),
        "median_colour_s": statistics.median(v for values in colour.values() for v in values),
        "worst_colour_s": max(v for values in colour.values() for v in values),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[52_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", default="", help="a folder in which the workspaces are made once and kept")
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    folder = Path(args.keep or tempfile.mkdtemp())
    result: dict[str, object] = {}
    with sync_playwright() as driver:
        browser = launch(driver)
        for rows in args.rows:
            workspace = folder / f"map-{rows}"
            if not (workspace / "workspace.json").exists():
                build(workspace, rows)
            with serve(workspace, folder / "home") as url:
                result[f"{rows}_rows"] = measure(browser, url, args.rounds)
        browser.close()
    if not args.keep:
        shutil.rmtree(folder)
    save("map", {**result, "viewport": "1280x900", "load_average": os.getloadavg()[0]})


if __name__ == "__main__":
    main()
