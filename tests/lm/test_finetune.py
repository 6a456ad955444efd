"""Fine-tuning on tiny models: it learns, is reproducible, and leaves the base model as it was."""

import numpy as np
import pytest
import torch

from explorer.errors import Cancelled, ExplorerError
from explorer.lm.finetune import NotFinite, Params, finetuned
from explorer.quality.losses import mean_losses
from tests import tiny
from tests.lm.test_packing import rows_of
from tests.lm.traces import traces

QUICK = {"rank": 4, "epochs": 3, "batch_rows": 4, "max_tokens": 64, "learning_rate": 1e-2}


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def model(request, tmp_path_factory):
    return tiny.trainable(tmp_path_factory.mktemp(request.param), request.param)


def state(loaded):
    return {name: value.clone() for name, value in loaded.model.state_dict().items()}


@pytest.mark.parametrize("weights", ["lora", "full"])
def test_training_lowers_the_loss_and_leaves_the_base_as_it_was(model, weights):
    rows, before, modules = rows_of(8), state(model), traces(model.model)
    base = mean_losses(model, rows, 512)
    with finetuned(model, rows, Params(**QUICK | {"weights": weights})) as tuned:
        assert mean_losses(tuned.loaded, rows, 512).mean() < base.mean() - 0.01
        assert len(tuned.losses) == 6
        assert tuned.tokens == 3 * sum(len(ids) for ids, _ in rows)
        assert tuned.response_tokens == 3 * sum(int(scored.sum()) for _, scored in rows)
    after = state(model)
    assert after.keys() == before.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert traces(model.model) == modules
    np.testing.assert_array_equal(mean_losses(model, rows, 512), base)


def test_full_fine_tuning_changes_every_weight(model):
    before = state(model)
    with finetuned(model, rows_of(8), Params(**QUICK | {"weights": "full"})) as tuned:
        after = state(tuned.loaded)
    trained = [name for name, _ in model.model.named_parameters()]
    assert [name for name in trained if torch.equal(before[name], after[name])] == []


def test_adapters_change_no_weight_of_the_base_while_they_train(model):
    before = state(model)
    with finetuned(model, rows_of(8), Params(**QUICK)) as tuned:
        after = state(tuned.loaded)
    adapters = [name for name in after if "lora_" in name]
    assert adapters and all(after[name].any() for name in adapters)
    base = {name.removeprefix("base_model.model.").replace(".base_layer", ""): value for name, value in after.items()}
    assert all(torch.equal(base[name], value) for name, value in before.items())


def test_the_same_seed_gives_the_same_model_and_another_seed_another(model):
    rows = rows_of(8)
    losses = []
    for seed in (1, 1, 2):
        with finetuned(model, rows, Params(**QUICK), seed=seed) as tuned:
            losses.append(mean_losses(tuned.loaded, rows, 512))
    np.testing.assert_array_equal(losses[0], losses[1])
    assert not np.array_equal(losses[0], losses[2])


def test_how_a_step_is_cut_into_passes_does_not_change_it(model, monkeypatch):
    rows = rows_of(8)
    losses = []
    for tokens in (64, 4096):
        monkeypatch.setattr("explorer.lm.finetune.default_batch_tokens", lambda device, tokens=tokens: tokens)
        with finetuned(model, rows, Params(**QUICK)) as tuned:
            losses.append(tuned.losses)
    np.testing.assert_allclose(*losses, rtol=1e-3)


def test_a_loss_that_is_not_finite_stops_training_with_one_line(model, monkeypatch):
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


def test_nothing_to_train_on_is_refused(model):
    with pytest.raises(ExplorerError, match="no rows to fine-tune on"), finetuned(model, [], Params(**QUICK)):
        pass


def test_training_can_be_cancelled_between_two_steps(model):
    modules = traces(model.model)

    def stop(stage, done, total, note=""):
        if done == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled), finetuned(model, rows_of(8), Params(**QUICK), progress=stop):
        pass
    assert not hasattr(model.model, "peft_config")
    assert traces(model.model) == modules
