# SPDX-License-Identifier: Apache-2.0
"""Scalar functions, applied to all places of a block at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from unrut.reference.complex_calls import complex_call
from unrut.reference.places import Array


def call(function: str, arguments: Sequence[Array]) -> Array:
    """`function(*arguments)` element by element: NumPy's function of that name, in the wide type of its arguments.

    Two integers of u64 and i64 are compared as whole numbers.

    Floating point follows IEEE 754 and NumPy (`maximum`, `minimum` propagate NaN, `fmax`, `fmin` drop it, `rint` takes
    halves to the even neighbour, `remainder` has the sign of the divisor). Integers wrap; `//` and `%` floor, and
    give 0 for a zero divisor; `INT_MIN // -1` and `abs(INT_MIN)` wrap to INT_MIN; a shift by the width or more, or by
    a negative number, gives 0 (-1 when a negative number is shifted right); `reciprocal(0)` is 0.

    `erf(x) = 2/sqrt(pi) * integral from 0 to x of exp(-t^2) dt` comes from the C library, as NumPy has none.
    """
    if any(np.iscomplexobj(argument) for argument in arguments):
        return complex_call(function, arguments)
    special = _SPECIAL.get(function)
    result: Array = special(*arguments) if special is not None else getattr(np, function)(*arguments)
    return result


def _erf(x: Array) -> Array:
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), dtype=np.float64).reshape(x.shape)


def _left_shift(x: Array, by: Array) -> Array:
    width = 8 * np.result_type(x, by).itemsize
    inside = (by >= 0) & (by < width)
    return np.where(inside, np.left_shift(x, np.where(inside, by, 0)), 0).astype(np.result_type(x, by))


def _right_shift(x: Array, by: Array) -> Array:
    width = 8 * np.result_type(x, by).itemsize
    inside = (by >= 0) & (by < width)
    if x.dtype.kind == "u":
        return np.asarray(np.where(inside, np.right_shift(x, np.where(inside, by, 0)), 0), x.dtype)
    return np.asarray(np.right_shift(x, np.where(inside, by, width - 1).astype(by.dtype)))


def _floor_divide(x: Array, y: Array) -> Array:
    if not np.issubdtype(np.result_type(x, y), np.integer):
        return np.asarray(np.floor_divide(x, y))
    return np.where(y == 0, 0, np.floor_divide(x, np.where(y == 0, 1, y))).astype(np.result_type(x, y))


def _remainder(x: Array, y: Array) -> Array:
    if not np.issubdtype(np.result_type(x, y), np.integer):
        return np.asarray(np.remainder(x, y))
    return np.where(y == 0, 0, np.remainder(x, np.where(y == 0, 1, y))).astype(np.result_type(x, y))


def _reciprocal(x: Array) -> Array:
    if not np.issubdtype(x.dtype, np.integer):
        return np.asarray(np.reciprocal(x))
    return np.where(np.abs(x) == 1, x, 0).astype(x.dtype)


# Written out where NumPy leaves the result to the processor, or has no such function.
_SPECIAL: dict[str, Callable[..., Array]] = {
    "erf": _erf,
    "left_shift": _left_shift,
    "right_shift": _right_shift,
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "reciprocal": _reciprocal,
}
