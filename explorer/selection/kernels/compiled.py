"""Compilation of kernels: once, ahead of the first call, and cached on disk for the next process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import types

F = TypeVar("F", bound=Callable[..., Any])

# Inputs are declared read-only, which writable arrays satisfy too.
i32s = types.Array(types.int32, 1, "C", readonly=True)
i64s = types.Array(types.int64, 1, "C", readonly=True)
f64s = types.Array(types.float64, 1, "C", readonly=True)
i16s = types.Array(types.int16, 1, "C", readonly=True)
i16s2 = types.Array(types.int16, 2, "C", readonly=True)
out_i32s = types.int32[::1]
out_i64s = types.int64[::1]
out_u8s = types.uint8[::1]
out_f64s = types.float64[::1]


inlined: Any = numba.njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)  # type: ignore[call-overload]
"""Compile a function into the kernels that call it. After a change to one, delete the `__pycache__` beside it: numba
renews a kernel on disk only when the kernel's own file changes."""


def compiled(signature: Any) -> Callable[[F], F]:
    """Compile for one explicit signature; where no cache folder can be written, compile in every process instead.

    Kernels run on one thread and let other threads run meanwhile.
    """

    def decorate(function: F) -> F:
        try:
            return cast(F, numba.njit(signature, nogil=True, cache=True)(function))
        except (RuntimeError, OSError):  # there is no folder that numba can write its cache to
            return cast(F, numba.njit(signature, nogil=True)(function))

    return decorate
