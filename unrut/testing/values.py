# SPDX-License-Identifier: Apache-2.0
"""Values to feed kernels with: exact small integers, ordinary numbers, and numbers that break careless code."""

from __future__ import annotations

from typing import Any

import numpy as np

from unrut.program.types import dtype_of

Array = np.ndarray[Any, Any]

STYLES = ("ordinary", "ties", "wide", "special")


def exact_values(random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Non-zero integers within +-3: a dropped, doubled or misplaced term changes the result, rounding never does."""
    if dtype == np.bool_:
        return np.asarray(random.integers(0, 2, shape)).astype(dtype)
    if dtype.kind == "c":
        return _pairs(exact_values(random, (*shape, 2), np.zeros(0, dtype).real.dtype), dtype)
    return np.asarray(random.choice([1, 2, 3] if dtype.kind == "u" else [-3, -2, -1, 1, 2, 3], shape)).astype(dtype)


def values(random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any], style: str) -> Array:
    """Random data. `ties`: few distinct values. `wide`: 40 binades. `special`: with NaN, infinities, -0, limits."""
    if dtype == np.bool_:
        return np.asarray(random.integers(0, 2, shape)).astype(dtype)
    if dtype.kind == "c":
        return _pairs(values(random, (*shape, 2), np.zeros(0, dtype).real.dtype, style), dtype)
    if np.issubdtype(dtype, np.integer):
        low = 0 if dtype.kind == "u" else -9
        found = np.asarray(random.integers(low, 10, shape)).astype(dtype)
        return _sprinkle(random, found, [np.iinfo(dtype).min, np.iinfo(dtype).max, 0]) if style == "special" else found
    if style == "ties":
        return np.asarray(random.choice([-1.0, 0.0, 0.5, 1.0], shape)).astype(dtype)
    found = np.asarray(random.standard_normal(shape)).astype(dtype)
    if style == "wide":
        with np.errstate(over="ignore"):  # of f16 some are infinite, then
            return np.asarray(np.ldexp(found, random.integers(-20, 20, shape))).astype(dtype)
    if style == "special":
        known = dtype_of(dtype)
        assert known is not None, dtype
        smallest = known.tiny / (2 * known.roundoff)  # among those that are not subnormal
        return _sprinkle(random, found, [np.nan, np.inf, -np.inf, -0.0, 0.0, known.largest, known.tiny, smallest])
    return found


def _pairs(parts: Array, dtype: np.dtype[Any]) -> Array:
    """Complex numbers of their parts, which stand along the last dimension."""
    return np.ascontiguousarray(parts).view(dtype)[..., 0]


def _sprinkle(random: np.random.Generator, array: Array, specials: list[Any]) -> Array:
    chosen = random.random(array.shape) < 0.15
    return np.asarray(np.where(chosen, np.asarray(random.choice(np.array(specials, array.dtype), array.shape)), array))
