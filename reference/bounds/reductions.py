# SPDX-License-Identifier: Apache-2.0
"""Errors of reductions, for whatever order a kernel takes the terms in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unrut.program.nodes import ReduceKind
from unrut.program.types import DType
from unrut.reference.bounds.measured import OWN, Measured, anywhere, is_integral, is_nan, may_wrap, rounding, settle
from unrut.reference.places import Array, Bools
from unrut.reference.reductions import identity, reduce_block


def measured_sum(x: Measured, dtype: DType) -> Measured:
    """`s = sum of x_k`: error `sum e_k + (n - 1) u T` with `T = sum (|x_k| + e_k)`, n the number of terms that can differ
    from 0, in any order of summation (Jeannerod and Rump 2013; Higham 2002, section 4.2, has the first-order form).

    Integers are exact; so are sums of known integers while T is below 1/u.
    """
    value = reduce_block(ReduceKind.sum, x.value, dtype)
    undecided = anywhere(x.undecided)
    carried = x.error.sum(axis=-1)
    if not dtype.is_float:
        wraps = may_wrap(value, carried, dtype)
        return Measured(value=value, error=np.where(wraps & (carried > 0), np.inf, carried), undecided=undecided)
    r = rounding(dtype)
    finite = np.where(np.isfinite(x.value), np.abs(x.value), 0.0) + x.error
    total = finite.sum(axis=-1)
    n = np.count_nonzero(finite, axis=-1)
    error = carried + np.maximum(n - 1, 0) * r.unit * total
    whole = is_integral(x).all(axis=-1) & (total <= r.integers)
    special = (~np.isfinite(x.value)).any(axis=-1)
    error = np.where(whole | (special & np.isfinite(carried)), 0.0, error)
    error = np.where(total > r.largest, np.inf, error)
    return settle(value, np.where(is_nan(x).any(axis=-1), 0.0, error), undecided, dtype)


def measured_prod(x: Measured, dtype: DType) -> Measured:
    """`p = product of x_k`: error `T - S + n u T + n tiny M` with `S = product |x_k|`, `T = product (|x_k| + e_k)`,
    `M = product max(|x_k| + e_k, 1)`, since in some order an underflow is multiplied by all that is large."""
    value = reduce_block(ReduceKind.prod, x.value, dtype)
    undecided = anywhere(x.undecided)
    if not dtype.is_float:
        return replace(_exact_or_nothing(x, value), undecided=undecided)
    r = rounding(dtype)
    n = x.value.shape[-1]
    upper = np.abs(x.value) + x.error
    plain, total = np.abs(x.value).prod(axis=-1), upper.prod(axis=-1)
    most, least = np.maximum(upper, 1.0).prod(axis=-1), np.minimum(np.where(upper == 0, 1.0, upper), 1.0).prod(axis=-1)
    error = (total - plain) + n * (r.unit + OWN) * (1 + n * r.unit) * total + n * r.tiny * most
    zero = ((x.value == 0) & (x.error == 0)).any(axis=-1) & np.isfinite(upper).all(axis=-1)
    whole = is_integral(x).all(axis=-1) & (most <= r.integers)
    error = np.where(zero | whole | (n == 1), np.where(n == 1, x.error.sum(axis=-1), 0.0), error)
    finite_most = np.maximum(np.where(np.isfinite(upper), upper, 1.0), 1.0).prod(axis=-1)
    error = np.where(finite_most > r.largest, np.inf, error)
    special = (~np.isfinite(x.value)).any(axis=-1) & (x.error == 0).all(axis=-1) & (finite_most <= r.largest)
    error = np.where(special & (least > r.tiny / r.unit), 0.0, error)
    return settle(value, np.where(is_nan(x).any(axis=-1), 0.0, error), undecided, dtype)


def _exact_or_nothing(x: Measured, value: Array) -> Measured:
    error = np.where(x.error.any(axis=-1), np.inf, 0.0)
    return Measured(value=value, error=error, undecided=anywhere(x.undecided))


def measured_extreme(kind: ReduceKind, x: Measured, included: Measured | None, dtype: DType) -> Measured:
    """`max` or `min`: exact operations, so the interval of the result is that of the extremes of all the ends; a term
    that may or may not take part counts only for the end that it moves outward."""
    none = np.float64(identity(kind, dtype))
    takes_part, may = _taking_part(x, included)
    value = reduce_block(kind, np.where(takes_part, x.value, identity(kind, dtype)).astype(x.value.dtype), dtype)
    undecided = anywhere(x.undecided & may)
    if included is not None:
        undecided = undecided | anywhere(included.undecided)
    if not x.error.any() and (included is None or not included.error.any()):
        return Measured(value=value, error=np.zeros(value.shape), undecided=undecided)
    sure = takes_part if included is None else takes_part & (included.error == 0)
    sign = 1.0 if kind is ReduceKind.max else -1.0
    centre = x.value.astype(np.float64)
    outer = sign * reduce_block(kind, np.where(may, centre + sign * x.error, none), DType.f64)
    inner = sign * reduce_block(kind, np.where(sure, centre - sign * x.error, none), DType.f64)
    middle = sign * value
    error = np.maximum(np.where(outer == middle, 0.0, outer - middle), np.where(inner == middle, 0.0, middle - inner))
    error = np.where((np.isinf(x.error) & may).any(axis=-1), np.inf, error)
    return settle(value, np.where((is_nan(x) & sure).any(axis=-1), 0.0, error), undecided, dtype)


def _taking_part(x: Measured, included: Measured | None) -> tuple[Bools, Bools]:
    """Which terms take part in the reference, and which may in a kernel."""
    if included is None:
        every = np.ones((1,) * x.value.ndim, np.bool_)
        return every, every
    return included.value, included.value | (included.error > 0)


def measured_logic(kind: ReduceKind, x: Measured, dtype: DType) -> Measured:
    """`any`, `all`, `count`: any is known once one term is surely true, or all are surely false; a count is off by at most
    the number of terms that are not known."""
    value = reduce_block(kind, x.value, dtype)
    undecided = anywhere(x.undecided)
    open_ = x.error > 0
    match kind:
        case ReduceKind.count:
            return Measured(value=value, error=np.asarray(open_.sum(axis=-1), np.float64), undecided=undecided)
        case ReduceKind.any:
            settled = (x.value & ~open_).any(axis=-1) | ~open_.any(axis=-1)
        case _:
            settled = (~x.value & ~open_).any(axis=-1) | ~open_.any(axis=-1)
    return Measured(value=value, error=np.asarray(~settled, np.float64), undecided=undecided)
