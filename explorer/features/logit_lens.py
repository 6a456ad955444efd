"""Logit lens: which next tokens a feature's decoder direction promotes and suppresses.

Source: nostalgebraist 2020; applied to SAE decoder directions as Neuronpedia does (W_dec · unembedding).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.lm.model import LoadedModel

if TYPE_CHECKING:
    import torch


def promoted_and_suppressed(
    model: LoadedModel,
    decoder: torch.Tensor,
    *,
    keep: int = 10,
) -> tuple[list[list[str]], list[list[str]]]:
    """For each row of `decoder` [F, d_model]: the `keep` tokens with the highest and with the lowest logits.

    The final norm's weight is applied to the direction. Logits are centred over features, so that tokens that every
    direction promotes do not fill every list.
    """
    import torch

    head: Any = model.model.get_output_embeddings()
    weight = head.weight.detach().float().cpu()
    scale = _final_norm_weight(model.model)
    directions = decoder.detach().float().cpu()
    directions = directions / directions.norm(dim=-1, keepdim=True).clamp(min=1e-8)
    if scale is not None:
        directions = directions * scale
    directions = directions - directions.mean(0, keepdim=True)
    strings = [model.tokenizer.decode([i]) for i in range(weight.shape[0])]
    promoted: list[list[str]] = []
    suppressed: list[list[str]] = []
    with torch.inference_mode():
        for start in range(0, len(directions), 256):
            logits = directions[start : start + 256] @ weight.T
            promoted += [[strings[i] for i in row] for row in logits.topk(keep, dim=-1).indices.tolist()]
            suppressed += [[strings[i] for i in row] for row in (-logits).topk(keep, dim=-1).indices.tolist()]
    return promoted, suppressed


def _final_norm_weight(model: Any) -> torch.Tensor | None:
    body = model.base_model
    for name in ("norm", "ln_f", "final_layer_norm"):
        norm = getattr(body, name, None)
        if norm is not None and getattr(norm, "weight", None) is not None:
            offset = 1.0 if "gemma" in type(norm).__name__.lower() else 0.0  # Gemma's norms store weight - 1
            return norm.weight.detach().float().cpu() + offset
    return None
