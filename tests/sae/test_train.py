"""Training an SAE: it learns, resumes exactly, and reads the content tokens alone."""

import numpy as np
import pytest
import torch

from explorer.errors import Cancelled, InputError
from explorer.lm.layout import TEMPLATE, lay_out
from explorer.lm.reader import Reader, layer_hook
from explorer.sae import train as training
from explorer.sae.load import SINK_FACTOR
from explorer.sae.train import TrainingPlan, residuals, train
from tests import tiny

PLAN = TrainingPlan(layer=1, width=48, k=4, tokens=2560, batch_tokens=32, learning_rate=3e-3)


def talks(ids):
    return [[("user", f"Count to {i}"), ("assistant", " ".join(map(str, range(i % 13 + 2))))] for i in ids]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny.trainable(tmp_path_factory.mktemp("model"), "llama")


@pytest.fixture
def short_segments(monkeypatch):
    monkeypatch.setattr(training, "SEGMENT_SAMPLES", 8)
    monkeypatch.setattr(training, "CHECKPOINT_SEGMENTS", 2)


def test_training_reconstructs_better_than_the_mean(model, tmp_path, short_segments):
    sae, scale, used = train(model, talks, range(60), PLAN, scratch=tmp_path)
    assert used == PLAN.tokens
    rows = residuals(model, Reader(model, layer_hook(1)), talks(range(60, 80)), 512)
    assert float(rows.norm(dim=-1).median()) == pytest.approx(scale.median_norm, rel=0.1)
    active = sae.encode(rows)
    assert (active > 0).sum(1).max() <= PLAN.k
    error = (sae.decode(active) - rows).pow(2).sum()
    assert error < 0.5 * (rows - rows.mean(0)).pow(2).sum()


def test_an_interrupted_training_ends_with_the_same_weights(model, tmp_path, short_segments):
    def cancel(stage, done, total, note=""):
        if done > total / 2:
            raise Cancelled("cancelled")

    whole, _, used = train(model, talks, range(60), PLAN, scratch=tmp_path / "whole")
    with pytest.raises(Cancelled):
        train(model, talks, range(60), PLAN, scratch=tmp_path / "cut", progress=cancel)
    assert list((tmp_path / "cut").glob("segments-*"))
    resumed, _, used_again = train(model, talks, range(60), PLAN, scratch=tmp_path / "cut")
    assert used == used_again
    for name, weight in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], weight), name


def test_residuals_are_those_of_content_tokens_without_sinks(model):
    conversations = talks([3, 11, 7])
    expected = []
    for layout in lay_out(model.tokenizer, conversations, max_tokens=20):
        ids = torch.from_numpy(layout.ids.astype(np.int64))[None]
        with torch.inference_mode():
            states = model.model(ids, output_hidden_states=True).hidden_states[2][0]
        expected.append(states[torch.from_numpy(layout.segment != TEMPLATE)])
    expected = torch.cat(expected)
    reader = Reader(model, layer_hook(1))
    median = float(expected.norm(dim=-1).median()) / SINK_FACTOR

    def in_order(rows):
        return rows[rows[:, 0].argsort()]

    every = residuals(model, reader, conversations, 20)
    torch.testing.assert_close(in_order(every), in_order(expected), rtol=1e-3, atol=1e-4)
    below = residuals(model, reader, conversations, 20, median)
    counted = expected[expected.norm(dim=-1) <= SINK_FACTOR * median]
    assert 0 < len(below) < len(every)
    torch.testing.assert_close(in_order(below), in_order(counted), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"k": 0}, "between 1 and the width"), ({"k": 5, "width": 4}, "k=5, width=4"), ({"tokens": 9}, "got 9")],
)
def test_an_impossible_plan_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        TrainingPlan(**options)
