"""Quality of an SAE on held-out text: reconstruction, sparsity, dead features, and the loss with it spliced in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.lm.attention import block_attention
from explorer.lm.batches import default_batch_tokens, pad, plan_batches
from explorer.lm.layout import RESPONSE, TEMPLATE, Layout, Turn, lay_out
from explorer.lm.model import LoadedModel
from explorer.lm.reader import Reader
from explorer.progress import Progress, silent
from explorer.sae.load import SINK_FACTOR

if TYPE_CHECKING:
    import torch

HISTOGRAM_TOP = 50.0  # activations above it are left out of the percentiles
LOSS_SAMPLES = 128  # conversations that the loss is measured on: three forward passes each


@dataclass(frozen=True)
class Health:
    """Figures on held-out tokens; template tokens, padding and attention sinks do not count.

    Attributes:
        tokens: counted tokens.
        fvu: fraction of variance unexplained, sum |x - x̂|² / sum |x - mean x|².
        l0: mean number of active features per token.
        dead_share: share of features active on no token.
        dense_share: share of features active on more than 10 % of tokens.
        loss_recovered: (loss with the residual zeroed - loss with the reconstruction) / (zeroed - original).
        loss, loss_with_sae, loss_zeroed: cross-entropy in nats per response token: of the model itself, with the
            residual replaced by the reconstruction, and with the residual zeroed.
        median_activation, p90_activation: median and 90th percentile of the activations above 0.
        sink_share: share of content tokens that are attention sinks.
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
    conversations: list[list[Turn]],
    *,
    median_norm: float,
    max_tokens: int = 512,
    progress: Progress = silent,
) -> Health:
    """Measure a sae-lens SAE on `conversations`; the loss figures use the first `LOSS_SAMPLES` of them."""
    import torch

    reader = Reader(model, sae.cfg.metadata.hook_name)
    layouts = [
        layout
        for start in range(0, len(conversations), 1024)
        for layout in lay_out(model.tokenizer, conversations[start : start + 1024], max_tokens=max_tokens)
    ]
    tokens_active = torch.zeros(sae.cfg.d_sae)
    histogram = torch.zeros(5000)
    tokens, sinks, active, error = 0, 0, 0, 0.0
    total, squares = torch.zeros(sae.cfg.d_in, dtype=torch.float64), 0.0
    batches = plan_batches([len(layout) for layout in layouts], default_batch_tokens(model.device))
    with block_attention(model.model), torch.inference_mode():
        for number, batch in enumerate(batches):
            acts, batch_sinks = _counted(model, reader, [layouts[i] for i in batch], median_norm)
            features = sae.encode(acts.to(sae.device))
            error += float((sae.decode(features) - acts.to(sae.device)).pow(2).sum())
            tokens_active += (features > 0).sum(0).cpu()
            active += int((features > 0).sum())
            histogram += torch.histc(features[features > 0].cpu(), bins=len(histogram), min=0.0, max=HISTOGRAM_TOP)
            total += acts.double().sum(0)
            squares += float(acts.double().pow(2).sum())
            tokens += len(acts)
            sinks += batch_sinks
            progress("measure", number + 1, len(batches))
        losses = _losses(model, sae, reader, layouts[:LOSS_SAMPLES], median_norm)
    variance = squares - float(total.pow(2).sum()) / tokens

    def percentile(share: float) -> float:
        bin_index = int(torch.searchsorted(histogram.cumsum(0), histogram.sum() * share))
        return (bin_index + 0.5) * HISTOGRAM_TOP / len(histogram)

    return Health(
        tokens=tokens,
        fvu=error / variance,
        l0=active / tokens,
        dead_share=float((tokens_active == 0).float().mean()),
        dense_share=float((tokens_active > 0.1 * tokens).float().mean()),
        loss_recovered=(losses["zero"] - losses["sae"]) / (losses["zero"] - losses["none"]),
        loss=losses["none"],
        loss_with_sae=losses["sae"],
        loss_zeroed=losses["zero"],
        median_activation=percentile(0.5),
        p90_activation=percentile(0.9),
        sink_share=sinks / max(1, tokens + sinks),
    )


def _counted(
    model: LoadedModel, reader: Reader, layouts: Sequence[Layout], median_norm: float
) -> tuple[torch.Tensor, int]:
    """Activations [n, d] of the content tokens that are no attention sinks, and the number of sinks."""
    import torch

    ids = torch.from_numpy(pad([layout.ids for layout in layouts], 0))
    content = torch.from_numpy(pad([(layout.segment != TEMPLATE).astype(np.int32) for layout in layouts], 0)).bool()
    acts = reader(ids)[content.to(model.device)].float()
    is_sink = acts.norm(dim=-1) > SINK_FACTOR * median_norm
    return acts[~is_sink].cpu(), int(is_sink.sum())


def _losses(
    model: LoadedModel,
    sae: Any,
    reader: Reader,
    layouts: Sequence[Layout],
    median_norm: float,
) -> dict[str, float]:
    """Mean next-token loss on response tokens: unchanged (none), with the reconstruction (sae), zeroed (zero)."""
    import torch

    module = model.model.get_submodule(reader.hook.module)
    sums, count = {"none": 0.0, "sae": 0.0, "zero": 0.0}, 0
    with torch.inference_mode():
        for batch in plan_batches([len(layout) for layout in layouts], 2048):
            rows = [layouts[i] for i in batch]
            ids = torch.from_numpy(pad([row.ids for row in rows], 0)).to(model.device)
            segment = torch.from_numpy(pad([row.segment.astype(np.int32) for row in rows], 0)).to(model.device)
            target = (segment == RESPONSE)[:, 1:]
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
    """Make a forward hook that replaces the output at counted positions by the SAE's reconstruction or by zeros."""

    def replace(_module: Any, _args: Any, output: Any) -> Any:
        if mode == "none":
            return output
        acts = output[0] if isinstance(output, tuple) else output
        wide = acts.float()
        counted = content & (wide.norm(dim=-1) <= SINK_FACTOR * median_norm)
        spliced = acts.clone()
        if mode == "zero":
            spliced[counted] = 0
        else:
            spliced[counted] = sae.decode(sae.encode(wide[counted].to(sae.device))).to(acts)
        return (spliced, *output[1:]) if isinstance(output, tuple) else spliced

    return replace
