"""Run a model faster on the CPU for the length of a `with` block, with the same results up to rounding.

Three changes, each measured. Attention over a whole sequence runs block by block on batched matrix products, because
PyTorch's CPU flash kernel reaches a tenth of the matrix rate in bfloat16. RMS norms take fewer passes over memory. The
heap keeps freed memory for the next layer; by default glibc returns every block over 128 KiB to the system, which then
has to clear the pages again. Nothing here happens when a model is loaded: extraction, scoring, fine-tuning and SAE
training each open such a block.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

ATTENTION = "block_causal"
QUERY_BLOCK = 96
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # names from malloc.h
_KEPT_BYTES = 1 << 30
_GLIBC_MAX_MMAP_THRESHOLD = 32 << 20  # where glibc's own adjustment of the threshold stops


@contextlib.contextmanager
def faster(model: Any) -> Iterator[None]:
    """Apply the changes to `model` within the block and undo them after it; blocks may be nested.

    Changes what the architecture and the system allow: nothing for a model that is not on the CPU, no attention for a
    model with sliding windows or another attention than transformers' default, no norm of Gemma's kind. A copy of the
    model must be made outside the block, as replaced norms belong to the original.
    """
    if model.device.type != "cpu":
        yield
        return
    with contextlib.ExitStack() as undo:
        undo.enter_context(_memory_kept())
        for module in model.modules():
            if type(module).__name__.endswith("RMSNorm") and hasattr(module, "variance_epsilon"):
                undo.enter_context(replaced_forward(module, functools.partial(_rms_norm, module)))
        if model.config._attn_implementation == "sdpa" and not _windowed(model):
            _register()
            model.set_attn_implementation(ATTENTION)
            undo.callback(model.set_attn_implementation, "sdpa")
        yield


@contextlib.contextmanager
def replaced_forward(module: Any, forward: Any) -> Iterator[None]:
    """Let `module` run `forward` within the block."""
    missing = object()
    before = module.__dict__.get("forward", missing)  # accelerate also puts a forward on the instance
    module.forward = forward
    try:
        yield
    finally:
        if before is missing:
            del module.forward
        else:
            module.forward = before


@contextlib.contextmanager
def _memory_kept() -> Iterator[None]:
    """Within the block glibc serves blocks of up to 1 GiB from its heap and keeps up to 1 GiB of freed memory."""
    library = _glibc()
    if library is None:
        yield
        return
    library.mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
    library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    try:
        yield
    finally:
        library.mallopt(_M_MMAP_THRESHOLD, _GLIBC_MAX_MMAP_THRESHOLD)
        library.mallopt(_M_TRIM_THRESHOLD, 2 * _GLIBC_MAX_MMAP_THRESHOLD)
        return_memory()


def return_memory() -> None:
    """Return freed memory that the heap still holds to the system."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library, if it is glibc."""
    if sys.platform != "linux":
        return None
    try:
        library = ctypes.CDLL("libc.so.6")
    except OSError:  # another one, such as musl
        return None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def _windowed(model: Any) -> bool:
    """Whether any layer attends to something else than the whole sequence before a token."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None) or []
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    return window is not None or any(kind != "full_attention" for kind in kinds)


def _rms_norm(norm: Any, x: torch.Tensor) -> torch.Tensor:
    """The forward pass of an RMS norm that scales by its weight, as Llama's does."""
    import torch

    weight, epsilon = norm.weight, norm.variance_epsilon
    if torch.is_grad_enabled():
        return torch.nn.functional.rms_norm(x, weight.shape, weight, epsilon)
    wide = x.float()
    mean_square = torch.linalg.vector_norm(wide, dim=-1, keepdim=True).square_().div_(x.shape[-1])
    return wide.mul(mean_square.add_(epsilon).rsqrt_()).mul_(weight).to(x.dtype)


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
