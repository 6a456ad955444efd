"""`evaluate` from selections to a stored comparison, with a tiny model."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from explorer.errors import Cancelled, ExplorerError, InputError
from explorer.pipeline.evaluate import evaluate
from explorer.pipeline.select import select
from explorer.workspace import Snapshot, Store
from tests import synthetic, tiny

HOW = {"rank": 2, "epochs": 1, "batch_rows": 8, "max_tokens": 128, "learning_rate": 1e-2}
RUNS = ("random-0", "random-1", "longest")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny.save_model(tmp_path_factory.mktemp("model")))


@pytest.fixture
def store(tmp_path):
    made = synthetic.build(tmp_path / "ws", samples=80, hostile=False).store
    select(made, "longest", budget=16, name="longest")
    for seed in (0, 1):
        select(made, "random", budget=16, seed=seed, name=f"random-{seed}")
    return made


def run(store, model, **more):
    options = {"seeds": 2, "held_out_rows": 10, "params": HOW, "device": "cpu", "dtype": "float32", **more}
    return evaluate(store, options.pop("runs", RUNS), model=model, **options)


def test_the_comparison_holds_an_arm_a_method_with_its_seeds(store, model):
    result = run(store, model)
    assert {entry["label"] for entry in result.results} == {"random", "longest"}
    assert result.baseline == "random" and result.held_out["rows"] == 8 and not result.existed
    longest = next(entry for entry in result.results if entry["label"] == "longest")
    assert longest["seeds"] == 2 and longest["rows"] == result.rows
    assert longest["improvement_low"] <= longest["improvement"] <= longest["improvement_high"]
    assert longest["by_source"] and "random" in result.summary
    artifact = store.resolve("evaluations", result.artifact)
    losses = store.sql(f"SELECT arm, seed, loss FROM {store.scan(artifact, 'losses')}").df()
    own = losses[losses.arm == longest["arm"]]
    assert len(own) == 2 * result.held_out["rows"]
    trials = store.sql(f"SELECT arm, rows, training FROM {store.scan(artifact, 'trials')}").df()
    assert set(trials[trials.arm != ""].rows) == {result.rows}
    assert run(store, model).existed


def test_no_held_out_row_is_trained_on(store, model, monkeypatch):
    from explorer.evaluate import trials

    seen = []
    original = trials.finetuned
    monkeypatch.setattr(
        trials, "finetuned", lambda loaded, rows, *a, **k: seen.append(rows) or original(loaded, rows, *a, **k)
    )
    held = []
    measure = trials.mean_losses
    monkeypatch.setattr(trials, "mean_losses", lambda loaded, rows, n: held.append(rows) or measure(loaded, rows, n))
    run(store, model, held_out="30%")
    trained = {ids.tobytes() for rows in seen for ids, _ in rows}
    measured = {ids.tobytes() for rows in held for ids, _ in rows}
    assert trained and measured and not trained & measured


def test_a_further_selection_trains_only_itself(store, model, monkeypatch):
    from explorer.evaluate.trials import Trials

    first = run(store, model, runs=("random-0", "longest"))
    made = []
    original = Trials.make
    monkeypatch.setattr(Trials, "make", lambda self, *a, **k: made.append(k["stage"]) or original(self, *a, **k))
    select(store, "sae-greedselect", budget=16, name="greedy")
    again = run(store, model, runs=("random-0", "longest", "greedy"))
    assert len(made) == 2 and all("sae-greedselect" in stage for stage in made)
    old = {entry["label"]: entry["loss"] for entry in first.results}
    new = {entry["label"]: entry["loss"] for entry in again.results}
    assert old.items() <= new.items()


def test_stopped_and_started_again_gives_the_same_numbers(store, model, tmp_path):
    calls = []

    def stop(stage, done, total, note=""):
        calls.append(stage)
        if stage.startswith("longest, seed 0") and done == 1:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        run(store, model, progress=stop)
    resumed = run(store, model)
    other = synthetic.build(tmp_path / "other", samples=80, hostile=False).store
    select(other, "longest", budget=16, name="longest")
    for seed in (0, 1):
        select(other, "random", budget=16, seed=seed, name=f"random-{seed}")
    straight = run(other, model)
    for one, two in zip(resumed.results, straight.results, strict=True):
        own = {"seconds", "arm", "selections"}  # how long it took, and the workspace's own ids
        assert {k: v for k, v in one.items() if k not in own} == {k: v for k, v in two.items() if k not in own}


def test_killed_in_the_middle_it_goes_on_where_it_was(store, model):
    command = [sys.executable, "-m", "explorer", "evaluate", *RUNS, "-w", str(store.path), "--model", model]
    command += ["--seeds", "2", "--held-out-rows", "10", "--device", "cpu", "--dtype", "float32", "--json"]
    for key, value in HOW.items():
        command += ["--param", f"{key}={value}"]
    kept = store.path / ".cache" / "trials"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2])
    deadline = time.time() + 60
    while len(list(kept.glob("*.json"))) < 2 and process.poll() is None and time.time() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    there = {file.name: file.stat().st_mtime_ns for file in kept.glob("*.json")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    result = json.loads(done.stdout)
    assert len(result["results"]) == 2 and result["artifact"].startswith("evaluations/")
    assert there and all((kept / name).stat().st_mtime_ns == when for name, when in there.items())


def test_one_run_whose_loss_is_no_number_is_reported_and_the_others_count(store, model, monkeypatch):
    from explorer.evaluate import trials
    from explorer.lm.finetune import NotFinite

    original = trials.finetuned

    def broken(loaded, rows, params, *, seed, **rest):
        if seed == 1:
            raise NotFinite("the training loss is not finite at step 1 of 2; lower learning_rate")
        return original(loaded, rows, params, seed=seed, **rest)

    monkeypatch.setattr(trials, "finetuned", broken)
    result = run(store, model)
    assert len(result.failed) == 2 and "not finite at step 1" in result.failed[0]
    assert [entry["seeds"] for entry in result.results] == [1, 1]
    monkeypatch.setattr(trials, "finetuned", lambda *a, **k: broken(*a, **{**k, "seed": 1}))
    with pytest.raises(ExplorerError, match="no training run of random came to an end"):
        run(store, model, params={**HOW, "epochs": 2})


def test_rows_of_another_file_can_be_held_out_but_not_those_of_the_workspace(store, model, tmp_path):
    rows = store.sql(
        f"SELECT prompt, response FROM {store.scan(Snapshot.newest(store).require('samples'))} LIMIT 3"
    ).fetchall()
    known = [{"instruction": prompt, "output": response} for prompt, response in rows]
    fresh = [{"instruction": f"Name the town {i}", "output": f"The town is number {i}."} for i in range(9)]
    file = tmp_path / "other.json"
    file.write_text(json.dumps(known + fresh))
    result = run(store, model, held_out=str(file))
    assert result.held_out["rows"] == 9 and result.held_out["excluded"] == 3
    file.write_text(json.dumps(known))
    with pytest.raises(InputError, match="is in the dataset: none can be held out"):
        run(store, model, held_out=str(file))


def test_equal_tokens_takes_other_rows_than_equal_rows(store, model):
    result = run(store, model, match="tokens")
    longest, random = (next(e for e in result.results if e["label"] == name) for name in ("longest", "random"))
    assert result.rows is None and longest["rows"] < random["rows"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runs": ()}, "which selections"),
        ({"runs": ("nothing",)}, "is not there"),
        ({"seeds": 0}, "seeds must be at least 1"),
        ({"match": "hours"}, "match must be one of rows, tokens"),
        ({"held_out": "0%"}, "budget"),
        ({"held_out": "5000tok"}, "budget in tokens cannot be used"),
        ({"baseline": "kmq"}, "baseline 'kmq' is none of these selections"),
        ({"params": {"rank": 0}}, "rank must be 1 to 1024"),
        ({"params": {"colour": 1}}, "has no parameter 'colour'"),
    ],
)
def test_bad_input_is_refused_before_any_training(store, model, options, said):
    with pytest.raises(InputError, match=said):
        run(store, model, **options)
    assert not (store.path / ".cache" / "trials").exists()


def test_the_same_losses_come_back_from_the_kept_trials(store, model):
    first = run(store, model, name="one")
    for file in Path(store.path, "evaluations").iterdir():
        store.discard(store.resolve("evaluations", file.name))
    second = run(store, model)
    assert np.allclose([e["loss"] for e in first.results], [e["loss"] for e in second.results], rtol=0, atol=0)
    assert isinstance(store, Store)
