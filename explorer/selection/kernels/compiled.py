"""How kernels are compiled: once, ahead of the first call, and kept on disk for the next process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import types

F = TypeVar("F", bound=Callable[..., Any])

# Inputs are declared read-only, which writable arrays satisfy too.
i32s = types.Array(types.int32, 1, "C", readonly=True)
i64s = types.Array(types.int64, 1, "C", readonly=True)
u8s = types.Array(types.uint8, 1, "C", readonly=True)
f32s = types.Array(types.float32, 1, "C", readonly=True)
f64s = types.Array(types.float64, 1, "C", readonly=True)
i16s2 = types.Array(types.int16, 2, "C", readonly=True)
out_i32s = types.int32[::1]
out_i64s = types.int64[::1]
out_u8s = types.uint8[::1]
out_f64s = types.float64[::1]


def compiled(signature: Any) -> Callable[[F], F]:
    """Compile for one explicit signature; where no cache folder can be written, compile in every process instead.

    Kernels run on one thread and let other threads run meanwhile.
    """

    def decorate(function: F) -> F:
        try:
            return cast(F, numba.njit(signature, nogil=True, cache=True)(function))
        except (RuntimeError, OSError):  # numba finds no place for its cache, or cannot write there
            return cast(F, numba.njit(signature, nogil=True)(function))

    return decorate
