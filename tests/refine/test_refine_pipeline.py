"""`refine` with a tiny model: artifacts of every iteration, resuming, failures."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from explorer.errors import Cancelled, InputError
from explorer.pipeline.cluster import cluster
from explorer.pipeline.export import export
from explorer.pipeline.ingest import ingest
from explorer.pipeline.refine import refine
from explorer.workspace import Snapshot, marks
from tests import synthetic, tiny

HOW = {"rank": 2, "epochs": 1, "batch_rows": 8, "max_tokens": 128, "learning_rate": 1e-2}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny.save_model(tmp_path_factory.mktemp("model")))


@pytest.fixture
def store(tmp_path):
    return synthetic.build(tmp_path / "ws", samples=80, hostile=False).store


def run(store, model, **more):
    options = {"budget": 24, "iterations": 3, "max_new_tokens": 6, "params": HOW, "device": "cpu", "dtype": "float32"}
    return refine(store, model=model, **{**options, **more})


def frames(store, result):
    artifact = store.resolve("refinements", result.artifact)
    batches = store.sql(f"SELECT * FROM {store.scan(artifact, 'batches')} ORDER BY iteration, sample_id").df()
    weights = store.sql(f"SELECT * FROM {store.scan(artifact, 'weights')} ORDER BY iteration, cluster").df()
    return batches, weights


def test_every_iteration_is_kept_and_its_weights_follow_the_formula(store, model):
    result = run(store, model)
    batches, weights = frames(store, result)
    assert len(batches) == 24 == batches.sample_id.nunique() == result.rows
    assert [entry["iteration"] for entry in result.iterations] == [0, 1, 2, 3]
    table = weights.pivot(index="iteration", columns="cluster", values="weight").to_numpy()
    np.testing.assert_allclose(table.sum(1), 1)
    for t in (1, 2, 3):
        own = batches[(batches.iteration == t) & batches.reward.notna()]
        np.testing.assert_allclose(own.reward, np.exp(own.gold - own.generated) * own.factor)
        s = own.groupby("cluster").reward.mean()
        seen = s.index.to_numpy()
        moved = s.to_numpy() * table[t - 1, seen]
        np.testing.assert_allclose(table[t, seen], moved / moved.sum() * table[t - 1, seen].sum())
    assert run(store, model).existed


def test_the_selection_stands_beside_the_others_and_can_be_exported(store, model, tmp_path):
    result = run(store, model, name="refined")
    chosen = store.resolve("selections", "refined")
    assert chosen.ref == result.selection and chosen.manifest.parameters["method"] == "iterative-kmq"
    assert chosen.manifest.info["rows"] == 24 and 0 < chosen.manifest.info["coverage"] <= 1
    rounds = store.sql(f"SELECT round, count(*) FROM {store.scan(chosen)} GROUP BY 1 ORDER BY 1").fetchall()
    assert rounds == [(1, 8), (2, 8), (3, 8)]
    done = export(store, "refined", format="jsonl", out=str(tmp_path / "out.jsonl"))
    recipe = Path(done.recipe).read_text("utf-8")
    assert done.rows == 24 and "explorer refine -w WS --budget 24 --iterations 3" in recipe
    assert "select iterative-kmq" not in recipe


def test_stopped_in_an_iteration_and_started_again_gives_the_same(store, model, tmp_path):
    def stop(stage, done, total, note=""):
        if stage == "iteration 2: answers":
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        run(store, model, progress=stop)
    assert not store.artifacts("refinements")
    stages = []
    resumed = run(store, model, progress=lambda stage, *rest: stages.append(stage))
    assert not any(stage.startswith("iteration 1") for stage in stages)
    other = synthetic.build(tmp_path / "other", samples=80, hostile=False).store
    straight = run(other, model)
    for one, two in zip(frames(store, resumed), frames(other, straight), strict=True):
        assert one.equals(two)


def test_killed_and_started_again_it_ends_the_same(store, model, tmp_path):
    def command(where):
        options = [
            "--budget",
            "24",
            "--iterations",
            "3",
            "--max-new-tokens",
            "6",
            "--device",
            "cpu",
            "--dtype",
            "float32",
        ]
        pairs = [text for key, value in HOW.items() for text in ("--param", f"{key}={value}")]
        return [
            sys.executable,
            "-m",
            "explorer",
            "refine",
            "-w",
            str(where),
            "--model",
            model,
            *options,
            *pairs,
            "--json",
        ]

    process = subprocess.Popen(command(store.path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    deadline = time.time() + 60
    while not list((store.path / ".drafts").glob("*/weights/iteration-001.parquet")) and time.time() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    done = subprocess.run(command(store.path), capture_output=True, text=True, cwd=ROOT, check=True)
    other = synthetic.build(tmp_path / "other", samples=80, hostile=False).store
    straight = run(other, model)
    assert json.loads(done.stdout)["iterations"] == json.loads(json.dumps(straight.iterations))


def test_a_number_of_clusters_means_those_that_cluster_returns(store, model):
    returned = cluster(store, k=3).artifact
    as_many = cluster(store, k=3, seed=7).artifact
    assert as_many != returned and Snapshot.newest(store).require("clusters").ref == as_many
    refined = store.resolve("refinements", run(store, model, clusters="3", iterations=1).artifact)
    assert f"clusters/{refined.manifest.inputs['clusters']}" == returned


def test_clusters_of_another_dataset_are_refused(store, model, tmp_path):
    clusters = cluster(store, k=3).artifact
    file = tmp_path / "other.jsonl"
    file.write_text("".join(f'{{"instruction": "say {i}", "output": "word {i}"}}\n' for i in range(40)))
    ingest(store, str(file))
    with pytest.raises(InputError, match="other samples"):
        run(store, model, clusters=clusters)


def test_a_banned_row_is_never_drawn(store, model):
    banned = [0, 1, 2, 3]
    marks.ban(store, Snapshot.newest(store).require("samples"), banned)
    batches, _ = frames(store, run(store, model, budget=70, iterations=1))
    assert not set(batches.sample_id) & set(banned)


def test_the_heuristic_factor_can_be_left_out(store, model):
    with_factor, _ = frames(store, run(store, model, iterations=1))
    bare, _ = frames(store, run(store, model, factor="none", iterations=1))
    assert with_factor.factor.between(0, 1).all() and (with_factor.factor < 1).any() and (bare.factor == 1).all()
    own = bare[bare.reward.notna()]
    np.testing.assert_allclose(own.reward, np.exp(own.gold - own.generated))


def test_a_judge_that_does_not_answer_is_one_line_and_loses_nothing(store, model):
    how = {"endpoint": "http://127.0.0.1:9", "model": "judge", "retries": "0", "backoff": "0"}
    with pytest.raises(InputError, match=r"the endpoint at http://127\.0\.0\.1:9 does not answer"):
        run(store, model, scorer="llm-judge", scorer_params=how)
    assert not store.artifacts("refinements") and not store.artifacts("selections")[2:]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": "500tok"}, "budget in tokens cannot be used"),
        ({"iterations": 0}, "iterations must be at least 1"),
        ({"iterations": 99}, "more iterations than rows"),
        ({"scorer": "luck"}, "unknown reward"),
        ({"factor": "luck"}, "factor must be one of heuristic, none"),
        ({"clusters": "nothing"}, "is not there"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
        ({"scorer": "reward-model", "scorer_params": {"colour": 1}}, "has no parameter 'colour'"),
    ],
)
def test_bad_input_is_refused_before_any_work(store, model, options, said):
    with pytest.raises(InputError, match=said):
        run(store, model, **options)
