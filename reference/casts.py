# SPDX-License-Identifier: Apache-2.0
"""Conversions between element types."""

from __future__ import annotations

import numpy as np

from unrut.program.nodes import Cast, Expr
from unrut.program.rounding import nearest
from unrut.program.types import DType
from unrut.reference.places import WIDE, Array


def cast(value: Array, source: DType, target: DType) -> Array:
    """`target(value)`, held in the wide type of `target`.

    - to bool: `value != 0`, so NaN is true;
    - float to integer: towards zero, saturating, NaN gives 0 (unlike NumPy, where it depends on the processor);
    - integer to integer: wraps, i.e. keeps the low bits;
    - to floats: rounds to nearest, ties to even, from the source's own values (one rounding, also from i64 and to bf16).

    Source: CUDA C++ Programming Guide, type conversion (saturation); IEEE 754-2019, 5.4 and 5.8 (the others).
    """
    if target is DType.bool:
        return np.not_equal(value, 0)
    if source.is_float and target.is_integer:
        return _to_integer(value, target)
    if target.is_half:
        return nearest(value, target)
    return value.astype(target.numpy).astype(WIDE[target], copy=False)


def _to_integer(value: Array, target: DType) -> Array:
    low, high = target.limits
    # Powers of two are exact in f64, the largest integers of the types need not be: compare with one above them.
    too_low, too_high = value <= float(low), value >= float(high + 1)
    plain = np.where(too_low | too_high | np.isnan(value), 0.0, np.trunc(value)).astype(target.numpy)
    ends = target.numpy.type(low), target.numpy.type(high)
    return np.where(too_high, ends[1], np.where(too_low, ends[0], plain))


def round_to(value: Array, dtype: DType) -> Array:
    """A statement's rounding: the wide value as an element of `dtype` (floats: nearest, ties to even, overflow to inf)."""
    return (nearest(value, dtype) if dtype.is_half else value).astype(dtype.numpy)


def unwrapped(place: int, expr: Expr) -> int:
    """The number that was meant by a place in i64: one of a u64 that wrapped where it became a place is named as it was."""
    if isinstance(expr, Cast) and expr.implicit and expr.operand.dtype is DType.u64:
        return place % 2**64
    return place
