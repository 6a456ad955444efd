"""Linear layers through oneDNN with their weights laid out for it once, and an MLP's activation in the same pass.

PyTorch lays a matrix out anew for every product. On a CPU that costs a tenth of the matrix rate, and the activation and
the product of an MLP's two halves cost as much again, as each is a pass over memory of its own. PyTorch's compiler uses
these operators when it freezes a model; here they are called directly, since the compiler needs a C++ toolchain.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

MIN_ROWS = 64  # fewer go through the plain layer: a token at a time gains nothing
LAID_OUT_FOR = 2048  # rows that the layout is chosen for; others are right too
MEMORY_SHARE = 8  # the laid-out copies take at most one in this many bytes of the machine's memory


def pack(model: Any) -> None:
    """Let the linear layers of `model` (float32 or bfloat16, on the CPU) run packed, where the machine can.

    Its parameters stay as they are; the copies are made when a layer first sees `MIN_ROWS` rows. Not for training.
    """
    import torch

    body = model.base_model
    linears: list[Any] = [module for module in body.modules() if type(module) is torch.nn.Linear]
    size = sum(module.weight.numel() * module.weight.element_size() for module in linears)
    if not _can_pack(model.dtype) or size > _memory() // MEMORY_SHARE:
        return
    _bound_caches()
    packed: dict[Any, PackedLinear] = {module: PackedLinear(module) for module in linears}
    for module, layer in packed.items():
        module.forward = layer
    for module in body.modules():
        parts: list[Any] = [getattr(module, name, None) for name in ("gate_proj", "up_proj", "down_proj")]
        if all(part in packed for part in parts) and type(module.act_fn).__name__ in ("SiLU", "SiLUActivation"):
            module.forward = _fused_mlp(*(packed[part] for part in parts))


def _bound_caches() -> None:
    """Every new number of rows has kernels of its own, of which oneDNN would keep 1,024: hundreds of MiB, no faster."""
    for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):  # both are read at the first product
        os.environ.setdefault(name, "64")


def _can_pack(dtype: torch.dtype) -> bool:
    import torch

    if (sys.platform, platform.machine()) != ("linux", "x86_64") or not torch.backends.mkldnn.is_available():
        return False
    if dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return dtype == torch.float32


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class PackedLinear:
    """The forward pass of `linear`: `layer(x)`; `silu` or a tensor to multiply with are applied in the same pass."""

    def __init__(self, linear: Any) -> None:
        self._linear = linear
        self._weight: torch.Tensor | None = None

    def __call__(self, x: torch.Tensor, *, silu: bool = False, times: torch.Tensor | None = None) -> torch.Tensor:
        """`x` [..., in] -> [..., out]; either `silu` of it or it times `times` [..., out]."""
        import torch

        linear, op = self._linear, torch.ops.mkldnn
        if x.numel() < MIN_ROWS * linear.in_features:
            out = torch.nn.functional.linear(x, linear.weight, linear.bias)
            out = torch.nn.functional.silu(out) if silu else out
            return out if times is None else out * times
        if self._weight is None:
            self._weight = op._reorder_linear_weight(linear.weight.detach(), LAID_OUT_FOR)
        if times is not None:
            return op._linear_pointwise.binary(x, times, self._weight, linear.bias, "mul")
        return op._linear_pointwise(x, self._weight, linear.bias, "swish" if silu else "none", [], "")


def _fused_mlp(gate: PackedLinear, up: PackedLinear, down: PackedLinear) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda x: down(up(x, times=gate(x, silu=True)))
