"""Extraction against the straightforward path, on the same rows in one run.

    python -m tests.benchmarks.extract --data FILE.json --rows 2000
    python -m tests.benchmarks.extract --data FILE.json --rows 300 --ablation 3 --threads 1

The peer is a straightforward script: float32, every layer, dataset order, padded batches of 8, `sae.encode` on every
position. Ours is `extract` as users run it. Both give the feature set of each response; their agreement is printed,
since ours reads the model in bfloat16. The second figure is the share of the machine's own bfloat16 matrix rate that
ours reaches with everything but loading counted (tokenising, grouping, evidence, writing); only the matrix products of
the layers up to the hook, of causal attention and of the SAE's encoder count as work.

`--ablation N` times N extractions with block attention (`explorer.lm.attention`) and N without, alternately, each in
its own process, and saves all times and the median of the paired ratios. On a shared machine, compare CPU seconds with
one thread. `results/extract_packed.json` is such a run of linear layers with weights packed in advance for oneDNN,
which were removed for gaining 2%.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from explorer.lm.layout import RESPONSE, lay_out
from explorer.lm.model import load_model
from explorer.pipeline.extract import extract
from explorer.pipeline.ingest import ingest
from explorer.queries.conversations import read_range
from explorer.sae.load import SINK_FACTOR, load_sae
from explorer.workspace import Snapshot, Store
from tests.benchmarks.machine import save


def straightforward(store: Store, rows: int) -> tuple[dict[int, set[int]], int, float]:
    """Feature set of each response, tokens and seconds of the straightforward path, without loading."""
    import transformers

    loaded, sae = load_model(dtype="float32"), load_sae()
    plain = transformers.AutoModelForCausalLM.from_pretrained(loaded.model.name_or_path, dtype=torch.float32).eval()
    layer = int(sae.hook_name.split(".")[1])
    _, conversations = read_range(store, Snapshot.newest(store).require("samples"), 0, rows - 1)
    median = float(sae.sae.cfg.metadata.median_norm)
    features: dict[int, set[int]] = {}
    tokens, began = 0, time.perf_counter()
    for start in range(0, rows, 8):
        layouts = lay_out(loaded.tokenizer, conversations[start : start + 8], max_tokens=1024)
        width = max(len(layout) for layout in layouts)
        ids = torch.zeros(len(layouts), width, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for i, layout in enumerate(layouts):
            ids[i, : len(layout)] = torch.from_numpy(layout.ids.astype(np.int64))
            mask[i, : len(layout)] = 1
        with torch.inference_mode():
            states = plain(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[layer + 1]
            acts = sae.sae.encode(states)
        for i, layout in enumerate(layouts):
            counted = torch.from_numpy(layout.segment == RESPONSE)
            near = states[i, : len(layout)].norm(dim=-1) <= SINK_FACTOR * median
            strongest = acts[i, : len(layout)][counted & near]
            top = strongest.amax(0) if len(strongest) else torch.zeros(sae.d_sae)
            features[start + i] = set(torch.nonzero(top > sae.default_threshold).flatten().tolist())
            tokens += len(layout)
    return features, tokens, time.perf_counter() - began


class MatrixRate:
    """The machine's bfloat16 matrix rate on the weights of the first `layers` layers.

    The speed of a shared machine varies within a minute, so the rate is measured repeatedly during the work that is
    compared with it; `seconds` is the time spent on measuring.
    """

    def __init__(self, layers: int, tokens: int = 2048) -> None:
        blocks = load_model(dtype="bfloat16").model.base_model.layers[:layers]
        self._weights = [module.weight for module in blocks.modules() if isinstance(module, torch.nn.Linear)]
        sizes = {weight.shape[1] for weight in self._weights}
        self._inputs = {size: torch.randn(tokens, size, dtype=torch.bfloat16) for size in sizes}
        self._flops = sum(2 * tokens * weight.numel() for weight in self._weights)
        self.rates: list[float] = []
        self.seconds = 0.0

    def measure(self) -> None:
        """Time one round of products (half a second)."""
        began = time.perf_counter()
        with torch.inference_mode():
            for weight in self._weights:
                torch.nn.functional.linear(self._inputs[weight.shape[1]], weight)
        took = time.perf_counter() - began
        self.rates.append(self._flops / took)
        self.seconds += took

    def mean(self) -> float:
        """FLOP/s over all rounds."""
        return self._flops * len(self.rates) / self.seconds


def timed_extraction(workspace: str, in_blocks: bool, threads: int) -> tuple[float, float]:
    """Wall and CPU seconds of `extract` on a copy of `workspace`, with or without block attention.

    Each call needs its own process: oneDNN's caches and the heap outlive an extraction.
    """
    from explorer.lm import attention

    torch.set_num_threads(threads)
    if not in_blocks:
        attention.block_attention = contextlib.nullcontext
    load_model()  # imports are not timed
    load_sae()
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(shutil.copytree(workspace, f"{folder}/workspace"))
        wall, cpu = time.perf_counter(), time.process_time()
        extract(store)
        return time.perf_counter() - wall, time.process_time() - cpu


def ablate(data: str, rows: int, pairs: int, threads: int) -> None:
    """Time extraction with and without block attention alternately, and save both."""
    seconds: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as folder:
        ingest(Store.create(f"{folder}/workspace"), data, limit=rows)
        for pair in range(pairs):
            for in_blocks in (True, False) if pair % 2 == 0 else (False, True):
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    wall, cpu = pool.apply(timed_extraction, (f"{folder}/workspace", in_blocks, threads))
                seconds[in_blocks].append((wall, cpu))
                name = "with" if in_blocks else "without"
                print(f"pair {pair + 1}, {name}: {wall:.1f} s, CPU {cpu:.1f} s", flush=True)
    options = f"--rows {rows} --ablation {pairs} --threads {threads}"
    result: dict[str, object] = {
        "command": f"python -m tests.benchmarks.extract --data {Path(data).name} {options}",
        "rows": rows,
    }
    for column, clock in enumerate(("wall", "cpu")):
        with_blocks, without = ([times[column] for times in seconds[in_blocks]] for in_blocks in (True, False))
        ratios = np.divide(without, with_blocks)
        result[f"{clock}_seconds"] = {
            "with": np.round(with_blocks, 1).tolist(),
            "without": np.round(without, 1).tolist(),
            "median_with": round(float(np.median(with_blocks)), 1),
            "median_without": round(float(np.median(without)), 1),
            "without_over_with": np.round(ratios, 3).tolist(),
            "median_ratio": round(float(np.median(ratios)), 3),
        }
    save("extract_attention", result)


def main() -> None:
    """Run both and save the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--ablation", type=int, metavar="N", help="time N pairs with and without block attention")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of the ablation")
    options = parser.parse_args()
    if options.ablation:
        ablate(options.data, options.rows, options.ablation, options.threads)
        return
    folder = tempfile.mkdtemp()
    store = Store.create(f"{folder}/workspace")
    ingest(store, options.data, limit=options.rows)
    stages: dict[str, list[float]] = {}
    model, sae = load_model(), load_sae()  # imports are timed for neither
    layers = int(sae.hook_name.split(".")[1]) + 1
    MatrixRate(layers).measure()  # to warm up
    rate = MatrixRate(layers)

    def watch(stage: str, done: float, total: float | None, note: str = "") -> None:
        stages.setdefault(stage, []).append(time.perf_counter())
        if stage == "extract" and len(stages[stage]) % 8 == 0:
            rate.measure()

    extract(store, progress=watch)
    ours_seconds = stages["finish"][0] - stages["load"][0] - rate.seconds
    activations = Snapshot.newest(store).require("activations")
    sizes = store.sql(
        f"SELECT prompt_tokens + response_tokens + template_tokens FROM {store.scan(activations, 'tokens')}"
    ).fetchall()
    tokens, pairs = sum(n for (n,) in sizes), sum(n * (n + 1) // 2 for (n,) in sizes)
    threshold = activations.manifest.info["default_threshold"]
    rows = store.sql(
        f"SELECT sample_id, list(feature_id) FROM {store.scan(activations, 'by_sample')} "
        "WHERE segment = 'response' AND max_act > ? GROUP BY sample_id",
        [threshold],
    ).fetchall()
    ours = {sample: set(features) for sample, features in rows}
    loading = time.perf_counter()
    load_model()
    load_sae()
    loading = time.perf_counter() - loading
    ours_seconds -= loading
    theirs, peer_tokens, peer_seconds = straightforward(store, options.rows)
    overlap = [len(ours.get(i, set()) & f) / max(1, len(ours.get(i, set()) | f)) for i, f in theirs.items()]
    block = sum(p.numel() for p in model.model.base_model.layers[0].parameters() if p.ndim == 2)
    attention = 4 * layers * pairs * model.d_model  # a query against every key up to it, and the weighted values
    flops = tokens * (2 * layers * block + 2 * sae.d_in * sae.d_sae) + attention
    save(
        "extract",
        {
            "rows": options.rows,
            "tokens": tokens,
            "ours_tokens_per_second": round(tokens / ours_seconds, 1),
            "straightforward_tokens_per_second": round(peer_tokens / peer_seconds, 1),
            "ratio": round(tokens / ours_seconds / (peer_tokens / peer_seconds), 2),
            "same_tokens": tokens == peer_tokens,
            "mean_jaccard_of_feature_sets": round(float(np.mean(overlap)), 4),
            "matrix_rate_gflops": round(rate.mean() / 1e9, 1),
            "share_of_matrix_rate": round(flops / ours_seconds / rate.mean(), 3),
            "loading_seconds_not_counted": round(loading, 1),
        },
    )


if __name__ == "__main__":
    main()
