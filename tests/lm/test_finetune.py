"""Fine-tuning on tiny models: it learns, repeats itself exactly, and leaves the base as it was."""

import numpy as np
import pytest
import torch

from explorer.errors import Cancelled, ExplorerError
from explorer.lm.finetune import NotFinite, Params, finetuned
from explorer.quality.losses import mean_losses
from tests import tiny
from tests.lm.test_packing import rows_of

QUICK = {"rank": 4, "epochs": 3, "batch_rows": 4, "max_tokens": 64, "learning_rate": 1e-2}


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def model(request, tmp_path_factory):
    return tiny.trainable(tmp_path_factory.mktemp(request.param), request.param)


def state(loaded):
    return {name: value.clone() for name, value in loaded.model.state_dict().items()}


@pytest.mark.parametrize("weights", ["lora", "full"])
def test_training_lowers_the_loss_and_leaves_the_base_as_it_was(model, weights):
    rows, before = rows_of(8), state(model)
    base = mean_losses(model, rows, 512)
    with finetuned(model, rows, Params(**QUICK | {"weights": weights})) as tuned:
        assert mean_losses(tuned.loaded, rows, 512).mean() < base.mean() - 0.01
        assert len(tuned.losses) == 6
        assert tuned.tokens == 3 * sum(len(ids) for ids, _ in rows)
        assert tuned.response_tokens == 3 * sum(int(scored.sum()) for _, scored in rows)
    after = state(model)
    assert after.keys() == before.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    np.testing.assert_array_equal(mean_losses(model, rows, 512), base)


def test_the_same_seed_gives_the_same_model_and_another_seed_another(model):
    rows = rows_of(8)
    found = []
    for seed in (1, 1, 2):
        with finetuned(model, rows, Params(**QUICK), seed=seed) as tuned:
            found.append(mean_losses(tuned.loaded, rows, 512))
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_how_a_step_is_cut_into_passes_does_not_change_it(model, monkeypatch):
    rows = rows_of(8)
    found = []
    for tokens in (64, 4096):
        monkeypatch.setattr("explorer.lm.finetune.default_batch_tokens", lambda device, tokens=tokens: tokens)
        with finetuned(model, rows, Params(**QUICK)) as tuned:
            found.append(tuned.losses)
    np.testing.assert_allclose(*found, rtol=1e-3)


def test_a_loss_that_is_no_number_stops_with_one_line(model, monkeypatch):
    import explorer.lm.finetune as finetune

    def broken(*args):
        logits, targets = original(*args)
        return logits * float("nan"), targets

    original = finetune.response_logits
    monkeypatch.setattr(finetune, "response_logits", broken)
    before = state(model)
    with pytest.raises(NotFinite, match="not finite at step 1 of 6; lower learning_rate"):
        with finetuned(model, rows_of(8), Params(**QUICK)):
            pass
    assert all(torch.equal(before[name], value) for name, value in state(model).items())


def test_running_out_of_memory_says_what_to_lower(model, monkeypatch):
    import explorer.lm.finetune as finetune

    def full(*args):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(finetune, "response_logits", full)
    with pytest.raises(ExplorerError, match="out of memory while fine-tuning on 8 rows; lower max_tokens"):
        with finetuned(model, rows_of(8), Params(**QUICK)):
            pass


def test_it_can_be_stopped_between_two_steps(model):
    def stop(stage, done, total, note=""):
        if done == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled), finetuned(model, rows_of(8), Params(**QUICK), progress=stop):
        pass
    assert not hasattr(model.model, "peft_config")
