"""The figures of an SAE's health equal a plain loop over conversations and tokens."""

import numpy as np
import pytest
import torch

from explorer.lm.layout import RESPONSE, TEMPLATE, lay_out
from explorer.sae.health import measure
from explorer.sae.load import SINK_FACTOR, load_sae
from tests import tiny

TALKS = [[("user", f"Write {n} lines about the sea"), ("assistant", "Waves and sand " * n)] for n in (1, 4, 2, 9, 3, 6)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny.trainable(tmp_path_factory.mktemp("model"), "llama")


@pytest.fixture(scope="module")
def sae(tmp_path_factory):
    return load_sae(str(tiny.save_sae(tmp_path_factory.mktemp("sae") / "sae"))).sae


def spliced_loss(model, layout, change):
    """Sum of the losses of the response tokens with the residual after block 1 replaced by `change` of it."""
    handle = model.model.get_submodule("model.layers.1").register_forward_hook(
        lambda module, args, output: change(output)
    )
    ids = torch.from_numpy(layout.ids.astype(np.int64))
    with torch.inference_mode():
        logits = model.model(ids[None]).logits[0]
    handle.remove()
    losses = torch.nn.functional.cross_entropy(logits[:-1], ids[1:], reduction="none")
    return float(losses[torch.from_numpy(layout.segment[1:] == RESPONSE)].sum())


@pytest.mark.parametrize("sinks", [False, True])
def test_health_equals_a_loop_over_tokens(model, sae, sinks):
    layouts = lay_out(model.tokenizer, TALKS, max_tokens=512)
    with torch.inference_mode():
        states = [
            model.model(torch.from_numpy(layout.ids.astype(np.int64))[None], output_hidden_states=True).hidden_states[2]
            for layout in layouts
        ]
    content = [torch.from_numpy(layout.segment != TEMPLATE) for layout in layouts]
    x = torch.cat([state[0][mask] for state, mask in zip(states, content, strict=True)])
    median_norm = float(x.norm(dim=-1).median()) / (SINK_FACTOR if sinks else 1.0)
    limit = SINK_FACTOR * median_norm
    counted = x[x.norm(dim=-1) <= limit]
    health = measure(model, sae, TALKS, median_norm=median_norm)

    active = sae.encode(counted)
    assert (len(counted) < len(x)) == sinks
    assert health.tokens == len(counted)
    assert health.sink_share == pytest.approx(1 - len(counted) / len(x))
    error = (sae.decode(active) - counted).pow(2).sum()
    assert health.fvu == pytest.approx(float(error / (counted - counted.mean(0)).pow(2).sum()), rel=1e-3)
    assert health.l0 == pytest.approx(float((active > 0).sum(1).float().mean()), rel=1e-3)
    assert health.dead_share == pytest.approx(float((active <= 0).all(0).float().mean()))
    assert health.dense_share == pytest.approx(float(((active > 0).float().mean(0) > 0.1).float().mean()), abs=0.02)
    positive = active[active > 0]
    for share, value in ((0.5, health.median_activation), (0.9, health.p90_activation)):
        assert value == pytest.approx(float(positive.quantile(share)), abs=0.05)

    tokens = sum(int((layout.segment == RESPONSE).sum()) for layout in layouts)
    losses = []
    for splice in (lambda rows: rows, lambda rows: sae.decode(sae.encode(rows)), torch.zeros_like):

        def change(output, mask, splice=splice):
            where = mask & (output[0].norm(dim=-1) <= limit)
            output = output.clone()
            output[0][where] = splice(output[0][where])
            return output

        sums = [
            spliced_loss(model, layout, lambda output, mask=mask: change(output, mask))
            for layout, mask in zip(layouts, content, strict=True)
        ]
        losses.append(sum(sums) / tokens)
    assert [health.loss, health.loss_with_sae, health.loss_zeroed] == pytest.approx(losses, rel=1e-4)
    recovered = (losses[2] - losses[1]) / (losses[2] - losses[0])
    assert health.loss_recovered == pytest.approx(recovered, rel=0.05, abs=0.01)
