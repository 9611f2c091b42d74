# SPDX-License-Identifier: Apache-2.0
"""Errors of sums of products, from the magnitudes of the factors alone: no term stands in memory here, either."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from unrut.program.types import DType
from unrut.reference.bounds.measured import OWN, Measured, rounding, settle
from unrut.reference.places import Array
from unrut.reference.products import contract


def measured_contract(factors: Sequence[Measured], shape: tuple[int, ...], kept: int, dtype: DType) -> Measured | None:
    """`s = sum over n terms of a * b * ...` (m factors) with its error; None where terms have to be looked at one by one.

        S = sum |a| |b| ...     T = sum (|a| + ea) (|b| + eb) ...     error = (T - S) + (n + m - 2) u T + n tiny

    for any order and any contraction (Jeannerod and Rump, "Improved error bounds for inner products in floating-point
    arithmetic", SIAM J. Matrix Anal. Appl. 34 (2013): the factor is n u, not only n u / (1 - n u)). Products of known
    integers are exact while T is below 1/u.
    """
    if any(not np.isfinite(f.error).all() for f in factors):
        return None
    value = contract([f.value for f in factors], shape, kept)
    if value is None:
        return None
    magnitudes = [np.abs(f.value) for f in factors]
    undecided = _any_over([f.undecided for f in factors], shape, kept)
    if not dtype.is_float:
        if any(f.error.any() for f in factors):
            return None
        return Measured(value=value, error=np.zeros((1,) * kept), undecided=undecided)
    largest = [a + f.error if f.error.any() else a for a, f in zip(magnitudes, factors, strict=True)]
    total = contract(largest, shape, kept)
    if total is None:
        return None
    r = rounding(dtype)
    n, m = math.prod(shape[kept:]), len(factors)
    carried = np.zeros((1,) * kept)
    if any(f.error.any() for f in factors):
        plain = contract(magnitudes, shape, kept)
        if plain is None:
            return None
        carried = np.maximum(total - plain, 0.0) + 2 * n * OWN * total
    # With more than two factors an underflow may be multiplied by what follows.
    scale = math.prod(max(1.0, float(a.max(initial=0.0))) for a in largest) if m > 2 else 1.0
    error = carried + (n + m - 2) * r.unit * (1 + 4 * m * r.unit) * total + n * r.tiny * scale
    whole = all(not f.error.any() and bool((f.value == np.rint(f.value)).all()) for f in factors)
    error = np.where((total == 0) | (whole & (total <= r.integers)), 0.0, error)
    error = np.where((total > r.largest) | (scale > r.largest), np.inf, error)
    return settle(value, error, undecided, dtype)


def _any_over(marks: Sequence[Array], shape: tuple[int, ...], kept: int) -> Array:
    """Whether any term of a sum has a factor that is marked."""
    result = np.zeros((1,) * kept, np.bool_)
    for mark in marks:
        result = result | np.any(mark, axis=tuple(range(kept, len(shape))))
    return result
