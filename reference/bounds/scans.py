# SPDX-License-Identifier: Apache-2.0
"""Errors of scans, along the last dimension: those of the reduction over the places up to each one."""

from __future__ import annotations

import numpy as np

from unrut.program.nodes import ReduceKind
from unrut.program.types import DType
from unrut.reference.bounds.measured import Measured, mapped
from unrut.reference.bounds.reductions import measured_extreme, measured_prod, measured_sum


def measured_scan(kind: ReduceKind, x: Measured, dtype: DType) -> Measured:
    """`y_k` is the reduction of `x_1 ... x_k`: its bound, for whatever order, holds for a scan in any order as well."""
    found = [_reduced(kind, mapped(x, lambda a, k=k: a[..., : k + 1]), dtype) for k in range(x.value.shape[-1])]  # type: ignore[misc]
    if not found:
        return x
    return Measured(
        value=np.stack([y.value for y in found], axis=-1),
        error=np.stack([y.error for y in found], axis=-1),
        undecided=np.stack([y.undecided for y in found], axis=-1),
    )


def _reduced(kind: ReduceKind, x: Measured, dtype: DType) -> Measured:
    match kind:
        case ReduceKind.sum:
            return measured_sum(x, dtype)
        case ReduceKind.prod:
            return measured_prod(x, dtype)
        case _:
            return measured_extreme(kind, x, None, dtype)
