"""Fine-tuning and generation speed against the plain way, on the same real rows, each in a process of its own.

    python -m tests.benchmarks.train --data ../shared/data/alpaca_5k.json --rows 96

The plain way is what a first script does: every weight in float32 under autocast, padded batches of 8, logits of every
position. Ours is what `refine` and `evaluate` run: LoRA on bfloat16 weights, rows packed without padding, logits of
response tokens only. Tokens are real ones, padding not counted; one pass over the rows after a step to warm up.
Generation: our batches (similar lengths together) against one prompt at a time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np
import torch

from explorer.lm.batches import default_batch_tokens
from explorer.lm.finetune import Params, finetuned
from explorer.lm.generate import generate
from explorer.lm.model import load_model
from explorer.lm.packing import Row, with_end
from explorer.pipeline.ingest import ingest
from explorer.quality.losses import conditioned_rows
from explorer.queries.conversations import read_items
from explorer.workspace import Snapshot, Store
from explorer.workspace.artifact import peak_memory
from tests.benchmarks.machine import save

RUN_ROWS = 400  # the run whose cost is stated
ANSWERS, NEW_TOKENS = 24, 64


def read(data: str, rows: int, loaded: Any) -> tuple[list[Row], list[Any]]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(f"{folder}/ws")
        ingest(store, data, limit=rows)
        items = list(read_items(store, Snapshot.newest(store).require("samples")))
    laid = conditioned_rows(loaded, items, 512)
    return [with_end(row, loaded.tokenizer.eos_token_id) for row in laid if not isinstance(row, str)], items


def ours(data: str, rows: int) -> dict[str, Any]:
    loaded = load_model()
    train, _ = read(data, rows, loaded)
    how = Params(epochs=1, batch_rows=16)
    with finetuned(loaded, train[:16], how):
        pass
    with finetuned(loaded, train, how) as tuned:
        return {"tokens": tuned.tokens, "seconds": tuned.seconds, "peak_gib": peak_memory() / 2**30}


def plain(data: str, rows: int) -> dict[str, Any]:
    import transformers

    loaded = load_model()
    train, _ = read(data, rows, loaded)
    where = loaded.model.name_or_path
    model = transformers.AutoModelForCausalLM.from_pretrained(where, dtype=torch.float32).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-5)
    began, tokens = 0.0, 0
    for number, start in enumerate(range(0, len(train), 8)):
        if number == 1:
            began, tokens = time.perf_counter(), 0
        part = train[start : start + 8]
        width = max(len(ids) for ids, _ in part)
        ids, mask = torch.zeros(len(part), width, dtype=torch.long), torch.zeros(len(part), width, dtype=torch.long)
        labels = torch.full((len(part), width), -100)
        for i, (row, scored) in enumerate(part):
            ids[i, : len(row)], mask[i, : len(row)] = torch.from_numpy(row.astype(np.int64)), 1
            labels[i, : len(row)] = torch.where(torch.from_numpy(scored), ids[i, : len(row)], -100)
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        tokens += sum(len(row) for row, _ in part)
    return {"tokens": tokens, "seconds": time.perf_counter() - began, "peak_gib": peak_memory() / 2**30}


def answers(data: str, rows: int) -> dict[str, Any]:
    loaded = load_model()
    _, items = read(data, rows, loaded)
    talks = [item.conversation for item in items[:ANSWERS]]
    generate(loaded, talks[:2], max_new_tokens=4)
    began = time.perf_counter()
    together = generate(loaded, talks, max_new_tokens=NEW_TOKENS)
    batched = time.perf_counter() - began
    began = time.perf_counter()
    for talk in talks:
        generate(loaded, [talk], max_new_tokens=NEW_TOKENS)
    one_by_one = time.perf_counter() - began
    made = sum(len(loaded.tokenizer(text or "")["input_ids"]) for text in together)
    return {"answer_tokens": made, "seconds": batched, "one_by_one_seconds": one_by_one}


WAYS = {"ours": ours, "plain": plain, "answers": answers}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--plain-rows", type=int, default=40, help="the plain way is measured on fewer rows")
    parser.add_argument("--only", choices=WAYS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(WAYS[options.only](options.data, options.rows)))
        return
    found = {}
    for name in WAYS:
        rows = options.plain_rows if name == "plain" else options.rows
        command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.train", "--only", name]
        done = subprocess.run(
            [*command, "--data", options.data, "--rows", str(rows)], capture_output=True, text=True, check=True
        )
        found[name] = json.loads(done.stdout.splitlines()[-1])
    speed = {name: found[name]["tokens"] / found[name]["seconds"] for name in ("ours", "plain")}
    per_row = found["ours"]["tokens"] / options.rows
    save(
        "train",
        {
            "rows": options.rows,
            "batch_tokens": 2 * default_batch_tokens("cpu"),
            "tokens_per_second": {name: round(value) for name, value in speed.items()},
            "peak_gib": {name: round(found[name]["peak_gib"], 1) for name in ("ours", "plain")},
            "times_as_fast": round(speed["ours"] / speed["plain"], 1),
            "seconds_for_400_rows_one_pass": round(RUN_ROWS * per_row / speed["ours"]),
            "answer_tokens_per_second": round(found["answers"]["answer_tokens"] / found["answers"]["seconds"]),
            "answers_times_as_fast": round(found["answers"]["one_by_one_seconds"] / found["answers"]["seconds"], 1),
        },
    )


if __name__ == "__main__":
    main()
