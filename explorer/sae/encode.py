"""Encode residuals as sparse entries: only active features become arrays.

Values equal those of sae-lens's own `SAE.encode` on the same rows; the TopK family skips the dense scatter. Residuals
of a bfloat16 model may be multiplied in bfloat16 too, with sums in float32: their own precision is no higher.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explorer.sae.load import LoadedSAE

if TYPE_CHECKING:
    import torch

DENSE_BYTES = 16 * 2**20  # size of the dense [rows × width] block that exists at a time


@dataclass(frozen=True)
class Entries:
    """Active (row, feature) pairs: `row` int32 [m] ascending, `feature` int32 [m], `value` float32 [m] > 0."""

    row: NDArray[np.int32]
    feature: NDArray[np.int32]
    value: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.row)


class SparseEncoder:
    """`encoder(x) -> Entries` for x float [n, d_in], in chunks of rows whose dense block is at most `DENSE_BYTES`."""

    def __init__(self, loaded: LoadedSAE, *, bfloat16: bool = False) -> None:
        self.loaded = loaded
        self._products = bfloat16_products if bfloat16 else contextlib.nullcontext
        self.chunk = max(16, DENSE_BYTES // (4 * loaded.d_sae))

    def __call__(self, x: torch.Tensor) -> Entries:
        """Encode the rows of `x` [n, d_in]; a row may have no entries."""
        import torch

        rows, features, values = [], [], []
        with torch.inference_mode(), self._products():
            for start in range(0, len(x), self.chunk):
                block = x[start : start + self.chunk].to(self.loaded.sae.device)
                row, feature, value = self._encode(block)
                rows.append((row + start).to(torch.int32).cpu().numpy())
                features.append(feature.to(torch.int32).cpu().numpy())
                values.append(value.float().cpu().numpy())
        if not rows:
            return Entries(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))
        return Entries(np.concatenate(rows), np.concatenate(features), np.concatenate(values))

    def _encode(self, block: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        import torch

        sae: Any = self.loaded.sae
        if self.loaded.architecture == "topk":
            before = torch.addmm(sae.b_enc, sae.process_sae_in(block), sae.W_enc)
            if sae.cfg.rescale_acts_by_decoder_norm:
                before = before * sae.W_dec.norm(dim=-1)
            value, feature = torch.topk(before, sae.cfg.k, dim=-1)
            row, column = torch.nonzero(value > 0, as_tuple=True)
            return row, feature[row, column], value[row, column]
        dense = sae.encode(block)
        row, feature = torch.nonzero(dense > 0, as_tuple=True)
        return row, feature, dense[row, feature]


@contextlib.contextmanager
def bfloat16_products() -> Iterator[None]:
    """Within the block, float32 matrix products on the CPU round their factors to bfloat16 and sum in float32."""
    import torch

    backend: Any = torch.backends.mkldnn
    matmul = backend.matmul
    before = matmul.fp32_precision
    matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        matmul.fp32_precision = before
