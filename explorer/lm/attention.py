"""Causal attention in blocks for models on the CPU, used within a `with block_attention(model)` block.

Over a whole sequence, PyTorch's own CPU kernel is slower in bfloat16 than batched matrix products. For packed rows it
also needs a mask over all pairs of tokens, most of which belong to different rows. Extraction, scoring, fine-tuning
and SAE training use this attention; loading a model does not.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

ATTENTION = "block_causal"
QUERY_BLOCK = 96


@contextlib.contextmanager
def block_attention(model: Any) -> Iterator[None]:
    """Let `model` compute attention in blocks, with the same result up to rounding; undone after the block.

    Does nothing for a model that is not on the CPU, that has sliding windows, or whose attention is not transformers'
    default (`sdpa`). Blocks may be nested.
    """
    if model.device.type != "cpu" or model.config._attn_implementation != "sdpa" or _windowed(model):
        yield
        return
    _register()
    model.set_attn_implementation(ATTENTION)
    try:
        yield
    finally:
        model.set_attn_implementation("sdpa")


def _windowed(model: Any) -> bool:
    """Whether any layer attends to something else than the whole sequence before a token."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None) or []
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    return window is not None or any(kind != "full_attention" for kind in kinds)


def _register() -> None:
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(ATTENTION, _attend)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)


def _attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """Attention in transformers' interface: query [B, H, T, d], key and value [B, G, T, d] -> [B, T, H, d].

    In a packed batch (`explorer.lm.packing`) each sequence attends to itself only, in training too. Whatever is not
    plain causal attention over whole sequences goes to transformers' own function.
    """
    length = query.shape[2]
    starts = rest.get("cu_seq_lens_q")
    unmasked = starts is not None or (attention_mask is None and not module.training)
    whole = unmasked and length == key.shape[2] > 1
    if not whole or rest.get("softcap") or rest.get("s_aux") is not None or rest.get("dropout"):
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **rest)
    import torch

    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    bounds = [0, length] if starts is None else starts.tolist()
    parts = [
        block_causal_attention(query[:, :, a:b], key[:, :, a:b], value[:, :, a:b], scale)
        for a, b in itertools.pairwise(bounds)
    ]
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None


def block_causal_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float) -> torch.Tensor:
    """Causal attention: query [B, H, T, d], key and value [B, G, T, d] -> [B, H, T, d].

    A block of queries is multiplied with the keys up to its end only, which saves half the work. Query heads that share
    a key head form one taller matrix, so keys and values are never repeated.
    """
    import torch

    batch, heads, length, width = query.shape
    groups = key.shape[1]
    shared = heads // groups
    folded = query.reshape(batch * groups, shared, length, width)
    keys = key.reshape(batch * groups, length, width).transpose(1, 2)
    values = value.reshape(batch * groups, length, value.shape[-1])
    out = torch.empty(batch * groups, shared, length, value.shape[-1], dtype=query.dtype)
    for start in range(0, length, QUERY_BLOCK):
        stop = min(start + QUERY_BLOCK, length)
        size = stop - start
        block = folded[:, :, start:stop].reshape(batch * groups, shared * size, width)
        mask = _causal_mask(start, stop, shared, query.dtype)
        scores = torch.baddbmm(mask, block, keys[:, :, :stop], alpha=scale)
        weights = torch.softmax(scores, dim=-1)
        out[:, :, start:stop] = torch.bmm(weights, values[:, :stop]).view(batch * groups, shared, size, -1)
    return out.view(batch, heads, length, -1)


@functools.lru_cache(maxsize=64)
def _causal_mask(start: int, stop: int, shared: int, dtype: torch.dtype) -> torch.Tensor:
    """Mask of the keys after each query of a block: [shared * (stop - start), stop], 0 or minus infinity."""
    import torch

    with torch.inference_mode(False):
        mask = torch.full((stop - start, stop), float("-inf"), dtype=dtype).triu(start + 1)
        return mask.repeat(shared, 1)
