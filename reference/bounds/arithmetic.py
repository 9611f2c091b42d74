# SPDX-License-Identifier: Apache-2.0
"""Errors of the four operations, in floating point: `fl(x op y) = (x op y)(1 + d) + t`, |d| <= u, |t| <= tiny.

With arguments x + dx, y + dy, |dx| <= ex, |dy| <= ey, exactly (Higham 2002, sections 2.2 and 3.3):

    x + y:  ex + ey         x * y:  |x| ey + |y| ex + ex ey         x / y:  (ex + |x/y| ey) / (|y| - ey) if |y| > ey

and then one rounding of the result. Known integers stay exact while they are below 1/u.
"""

from __future__ import annotations

import numpy as np

from unrut.program.types import DType
from unrut.reference.bounds.measured import Measured, any_undecided, is_integral, is_nan, rounding, settle
from unrut.reference.places import Array, Bools


def add(x: Measured, y: Measured, value: Array, dtype: DType) -> Measured:
    """`value = x + y`, or a difference, whose errors are the same."""
    r = rounding(dtype)
    carried = x.error + y.error
    rounded = r.unit * (np.abs(value) + carried)
    error = np.where(_small_integers(x, y, value, dtype), 0.0, carried + rounded)
    # inf + y is inf for whatever finite y
    special = ~np.isfinite(x.value) | ~np.isfinite(y.value)
    error = np.where(special, np.where(np.isfinite(carried), 0.0, np.inf), error)
    return _finish(x, y, value, error, dtype)


def multiply(x: Measured, y: Measured, value: Array, dtype: DType) -> Measured:
    """`value = x * y`."""
    r = rounding(dtype)
    carried = _times(x.value, y.error) + _times(y.value, x.error) + _times(x.error, y.error)
    rounded = r.unit * (np.abs(value) + carried) + r.tiny
    zero = ((x.value == 0) & (x.error == 0) & np.isfinite(y.error) & np.isfinite(y.value)) | (
        (y.value == 0) & (y.error == 0) & np.isfinite(x.error) & np.isfinite(x.value)
    )
    error = np.where(zero | _small_integers(x, y, value, dtype), 0.0, carried + rounded)
    # inf * y is inf for whatever y that can't be 0
    special = ~np.isfinite(x.value) | ~np.isfinite(y.value)
    sure = ((x.error == 0) & (y.error == 0)) | (
        (np.abs(x.value) > x.error) & (np.abs(y.value) > y.error) & np.isfinite(x.error) & np.isfinite(y.error)
    )
    error = np.where(special, np.where(sure, 0.0, np.inf), error)
    # What may have overflown gives NaN with a zero.
    error = np.where(np.isinf(x.error) | np.isinf(y.error), np.inf, error)
    return _finish(x, y, value, error, dtype)


def divide(x: Measured, y: Measured, value: Array, dtype: DType, zero_sign: bool, least: float) -> Measured:
    """`value = x / y`. `zero_sign`: whether a zero y has the same sign in every kernel, so that x / 0 is known;
    `least`: a value below which y is in no kernel."""
    r = rounding(dtype)
    away = np.maximum(np.abs(y.value) - y.error, np.where(np.isfinite(y.error), max(least, 0.0), 0.0))
    carried = (x.error + _times(value, y.error)) / away
    rounded = r.unit * (np.abs(value) + carried) + r.tiny
    zero = (x.value == 0) & (x.error == 0) & (away > 0)
    error = np.where(away > 0, np.where(zero, 0.0, carried + rounded), np.inf)
    whole = _small_integers(x, y, value, dtype) & (value == np.rint(value)) & (value * y.value == x.value)
    error = np.where(whole, 0.0, error)
    by_zero = (y.value == 0) & (y.error == 0)
    known = np.where(x.value == 0, x.error == 0, (np.abs(x.value) > x.error) & zero_sign)
    error = np.where(by_zero, np.where(known, 0.0, np.inf), error)
    infinite_x = np.isinf(x.value) & (x.error == 0) & (away > 0) & np.isfinite(y.error)
    infinite_y = np.isinf(y.value) & (y.error == 0) & np.isfinite(x.error)
    error = np.where(infinite_x | infinite_y, 0.0, error)
    return _finish(x, y, value, error, dtype)


def _times(x: Array, y: Array) -> Array:
    """|x| * y, where nothing times an infinity is nothing."""
    return np.where((x == 0) | (y == 0), 0.0, np.abs(x) * y)


def _small_integers(x: Measured, y: Measured, value: Array, dtype: DType) -> Bools:
    return is_integral(x) & is_integral(y) & (np.abs(value) <= rounding(dtype).integers)


def _finish(x: Measured, y: Measured, value: Array, error: Array, dtype: DType) -> Measured:
    # NaN op anything is NaN, however little is known of the other.
    error = np.where(is_nan(x) | is_nan(y), 0.0, error)
    return settle(value, error, any_undecided(x, y), dtype)
