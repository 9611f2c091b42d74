# SPDX-License-Identifier: Apache-2.0
"""Values with what is known of the error of any kernel: the arithmetic in which bounds are computed.

    |r - value| <= error     for the value r that any legal kernel has at this point

Running error analysis (Higham 2002, section 3.3): every operation propagates the errors of its arguments exactly, not to
first order, and adds its own rounding. A kernel may sum in any order, contract multiplications and additions, and be off
by `ULPS[function]` in an elementary function; the reference's own f64 arithmetic is counted in as well.

    error == 0      the kernel's value is known: bit for bit, also infinities and NaN (the sign of a zero excepted)
    error == inf    nothing is known, NaN and infinities included
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from unrut.program.nodes import Expr
from unrut.program.types import DType
from unrut.reference.places import Array, Bools, Floats, Places

OWN = 2.0**-53
"""Unit roundoff of the f64 arithmetic in which the reference itself computes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Arrays that broadcast together: wide values, their absolute errors, and where a decision could have gone otherwise.

    For bool a non-zero error says that the value is not known. `undecided` marks places on which a comparison, a step or
    an argmax within its arguments' errors had an influence.
    """

    value: Array
    error: Floats
    undecided: Bools


Measure: TypeAlias = Callable[[Expr, Places], Measured]
"""The interpreter of bounds, handed to the nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """One rounding in a dtype: relative part (kernel's and reference's own), underflow, overflow, and to which size all
    integers are exact."""

    unit: float
    tiny: float
    largest: float
    integers: float


def rounding(dtype: DType) -> Rounding:
    """How the floating-point operations of a dtype round. Floats of 16 bits may be computed in f32, and rounded after."""
    return Rounding(
        unit=dtype.roundoff + (DType.f32.roundoff if dtype.is_half else 0.0) + 3 * OWN,
        tiny=2 * dtype.tiny,
        largest=dtype.largest,
        integers=1 / dtype.roundoff,
    )


def exact(value: Array) -> Measured:
    """A value that is the same in every kernel."""
    rank = (1,) * value.ndim
    return Measured(value=value, error=np.zeros(rank), undecided=np.zeros(rank, np.bool_))


def settle(value: Array, error: Array, undecided: Bools, dtype: DType) -> Measured:
    """An operation's result put into the form above: what may overflow, or is not a number by accident, is not known."""
    error = np.where(np.isnan(error), np.inf, error)
    if dtype.is_float:
        overflows = np.isfinite(value) & (np.abs(value) + error > rounding(dtype).largest)
        error = np.where(overflows | (~np.isfinite(value) & (error != 0)), np.inf, error)
    return Measured(value=value, error=error, undecided=undecided)


def may_wrap(value: Array, error: Floats, dtype: DType) -> Bools:
    """Where an integer with an error may leave its dtype."""
    low, high = dtype.limits
    wide = value.astype(np.float64)
    return np.asarray((wide + error > high) | (wide - error < low))


def is_nan(x: Measured) -> Bools:
    """Where the value is NaN in every kernel."""
    return np.asarray(np.isnan(x.value) & (x.error == 0))


def is_integral(x: Measured) -> Bools:
    """Where the value is a known integer (so that sums and products of such stay exact while they are small)."""
    return np.asarray((x.error == 0) & (x.value == np.rint(x.value)) & np.isfinite(x.value))


def mapped(x: Measured, change: Callable[[Array], Array]) -> Measured:
    """The same change of layout for all three arrays."""
    return Measured(value=change(x.value), error=change(x.error), undecided=change(x.undecided))


def filled(x: Measured) -> Measured:
    """All three arrays in full shape."""
    value, error, undecided = np.broadcast_arrays(x.value, x.error, x.undecided)
    return Measured(value=value, error=error, undecided=undecided)


def anywhere(marks: Bools) -> Bools:
    """Which lines have a mark, along the last dimension."""
    return np.asarray(np.any(marks, axis=-1))


def any_undecided(*parts: Measured) -> Bools:
    """Where any of the parts is undecided."""
    result = parts[0].undecided
    for part in parts[1:]:
        result = result | part.undecided
    return result


def hull(x: Measured, y: Measured) -> Floats:
    """How far from x's value either of two results can be."""
    same = (x.value == y.value) | (np.isnan(x.value) & np.isnan(y.value))
    apart = np.where(same, 0.0, np.abs(np.subtract(x.value, y.value, dtype=np.float64)))
    return np.asarray(np.maximum(x.error, np.where(np.isnan(apart), np.inf, apart) + y.error))


def choose(condition: Measured, x: Measured, y: Measured, dtype: DType) -> Measured:
    """x where the condition holds, else y; where the condition is not known, x or y, with a bound that covers both."""
    if condition.value.dtype == np.bool_ and not condition.error.any():
        both = np.zeros_like(condition.undecided)
    else:
        both = condition.error > 0
    value = np.where(condition.value, x.value, y.value)
    error = np.where(condition.value, x.error, y.error)
    error = np.where(both, np.where(condition.value, hull(x, y), hull(y, x)), error)
    undecided = np.where(condition.value, x.undecided, y.undecided)
    undecided = undecided | condition.undecided | both | (both & (x.undecided | y.undecided))
    return settle(value, error, undecided, dtype)
