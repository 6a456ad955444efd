"""How well an SAE describes a model's activations, measured on tokens it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.lm.batches import default_batch_tokens, pad, plan_batches
from explorer.lm.layout import TEMPLATE, Turn, lay_out
from explorer.lm.model import LoadedModel
from explorer.lm.reader import Reader
from explorer.progress import Progress, silent
from explorer.sae.load import SINK_FACTOR

if TYPE_CHECKING:
    import torch

HISTOGRAM_TOP = 50.0


@dataclass(frozen=True)
class Health:
    """Figures on held-out tokens (template tokens, padding and sinks left out).

    Attributes:
        tokens: counted tokens the figures are from.
        fvu: fraction of variance unexplained, sum |x - x̂|² / sum |x - mean x|².
        l0: mean number of active features per token.
        dead_share: share of features active on no token.
        dense_share: share of features active on more than 10 % of tokens.
        loss_recovered: (loss with the residual zeroed - loss with the reconstruction) / (zeroed - original).
        loss, loss_with_sae, loss_zeroed: cross-entropy in nats per response token.
        median_activation, p90_activation: median and 90th percentile of the activations above 0.
        sink_share: share of content tokens left out as attention sinks.
    """

    tokens: int
    fvu: float
    l0: float
    dead_share: float
    dense_share: float
    loss_recovered: float
    loss: float
    loss_with_sae: float
    loss_zeroed: float
    median_activation: float
    p90_activation: float
    sink_share: float


def measure(
    model: LoadedModel,
    sae: Any,
    hook_name: str,
    conversations: list[list[Turn]],
    *,
    median_norm: float,
    max_tokens: int = 512,
    loss_samples: int = 128,
    progress: Progress = silent,
) -> Health:
    """Measure `sae` on `conversations`; the loss figures use the first `loss_samples` of them."""
    import torch

    reader = Reader(model, hook_name)
    layouts = [
        layout
        for start in range(0, len(conversations), 1024)
        for layout in lay_out(model.tokenizer, conversations[start : start + 1024], max_tokens=max_tokens)
    ]
    fired = torch.zeros(sae.cfg.d_sae)
    histogram = torch.zeros(5000)
    tokens, sinks, active, error = 0, 0, 0, 0.0
    total, squares = torch.zeros(sae.cfg.d_in, dtype=torch.float64), 0.0
    batches = plan_batches([len(layout) for layout in layouts], default_batch_tokens(model.device))
    with torch.inference_mode():
        for number, batch in enumerate(batches):
            rows = [layouts[i] for i in batch]
            acts, left_out = _counted(model, reader, rows, median_norm)
            features = sae.encode(acts.to(sae.device))
            error += float((sae.decode(features) - acts.to(sae.device)).pow(2).sum())
            fired += (features > 0).sum(0).cpu()
            active += int((features > 0).sum())
            histogram += torch.histc(features[features > 0].cpu(), bins=len(histogram), min=0.0, max=HISTOGRAM_TOP)
            total += acts.double().sum(0)
            squares += float(acts.double().pow(2).sum())
            tokens += len(acts)
            sinks += left_out
            progress("measure", number + 1, len(batches))
    losses = _losses(model, sae, reader, layouts[:loss_samples], median_norm)
    variance = squares - float(total.pow(2).sum()) / tokens

    def percentile(share: float) -> float:
        inside = int(torch.searchsorted(histogram.cumsum(0), histogram.sum() * share))
        return (inside + 0.5) * HISTOGRAM_TOP / len(histogram)

    return Health(
        tokens=tokens,
        fvu=error / variance,
        l0=active / tokens,
        dead_share=float((fired == 0).float().mean()),
        dense_share=float((fired > 0.1 * tokens).float().mean()),
        loss_recovered=(losses["zero"] - losses["sae"]) / (losses["zero"] - losses["none"]),
        loss=losses["none"],
        loss_with_sae=losses["sae"],
        loss_zeroed=losses["zero"],
        median_activation=percentile(0.5),
        p90_activation=percentile(0.9),
        sink_share=sinks / max(1, tokens + sinks),
    )


def _counted(model: LoadedModel, reader: Reader, rows: Sequence[Any], median_norm: float) -> tuple[torch.Tensor, int]:
    import torch

    ids = torch.from_numpy(pad([row.ids for row in rows], 0))
    content = torch.from_numpy(pad([(row.segment != TEMPLATE).astype(np.int32) for row in rows], 0)).bool()
    acts = reader(ids)[content.to(model.device)].float()
    kept = acts.norm(dim=-1) <= SINK_FACTOR * median_norm
    return acts[kept].cpu(), int((~kept).sum())


def _losses(
    model: LoadedModel,
    sae: Any,
    reader: Reader,
    layouts: Sequence[Any],
    median_norm: float,
) -> dict[str, float]:
    """Mean next-token loss on response tokens: as it is, with the reconstruction spliced in, with zeros."""
    import torch

    module = model.model.get_submodule(reader.hook.module)
    sums, count = {"none": 0.0, "sae": 0.0, "zero": 0.0}, 0
    with torch.inference_mode():
        for batch in plan_batches([len(layout) for layout in layouts], 2048):
            rows = [layouts[i] for i in batch]
            ids = torch.from_numpy(pad([row.ids for row in rows], 0)).to(model.device)
            segment = torch.from_numpy(pad([row.segment.astype(np.int32) for row in rows], 0)).to(model.device)
            target = (segment == 2)[:, 1:]
            count += int(target.sum())
            for mode in sums:
                handle = module.register_forward_hook(_splice(sae, segment != TEMPLATE, median_norm, mode))
                try:
                    logits = model.model(input_ids=ids, use_cache=False).logits[:, :-1][target]
                finally:
                    handle.remove()
                sums[mode] += float(
                    torch.nn.functional.cross_entropy(logits.float(), ids[:, 1:][target], reduction="sum")
                )
    return {mode: value / count for mode, value in sums.items()}


def _splice(sae: Any, content: torch.Tensor, median_norm: float, mode: str) -> Any:
    """A hook that replaces the counted positions by the SAE's reconstruction or by zeros; the others stay."""

    def replace(_module: Any, _args: Any, output: Any) -> Any:
        if mode == "none":
            return output
        acts = output[0] if isinstance(output, tuple) else output
        wide = acts.float()
        where = content & (wide.norm(dim=-1) <= SINK_FACTOR * median_norm)
        new = acts.clone()
        if mode == "zero":
            new[where] = 0
        else:
            new[where] = sae.decode(sae.encode(wide[where].to(sae.device))).to(acts)
        return (new, *output[1:]) if isinstance(output, tuple) else new

    return replace
