# SPDX-License-Identifier: Apache-2.0
"""Order statistics with errors: terms move by at most their errors, so the term of a rank moves by at most the largest.

The term of rank r grows with every term, and falls with every further term. So with x_k off by at most e_k it lies between
the r-th smallest of x_k - e_k, over all that may take part, and that of x_k + e_k, over all that surely do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unrut.program.nodes import Reduce, ReduceKind
from unrut.program.types import DType
from unrut.reference.bounds.measured import OWN, Measured, anywhere, exact, is_integral, rounding, settle
from unrut.reference.folding import coordinate
from unrut.reference.orderstatistics import Ordered, average, has_nan, of_nothing, ordered
from unrut.reference.places import Array, Bools, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Terms in order: as the reference has them, as low and as high as a kernel may have them. `fixed`: nothing is open."""

    middle: Ordered
    low: Ordered
    high: Ordered
    fixed: bool


def measured_order_statistic(
    expr: Reduce, x: Measured, included: Measured | None, rank: Measured | None, ranges: Sequence[range]
) -> Measured:
    """The statistic along the last dimension, with its error. What may be NaN, or may not take part, has error inf where
    it matters for a mean of two terms; for the term of a rank it counts as above."""
    outer = x.value.shape[:-1]
    if x.value.shape[-1] == 0:
        return exact(np.full(outer, of_nothing(expr)))
    if included is None:
        included = exact(np.ones((1,) * x.value.ndim, np.bool_))
    takes_part = np.broadcast_to(included.value, x.value.shape)
    may, sure = takes_part | (included.error > 0), takes_part & (included.error == 0)
    fixed = not x.error.any() and not included.error.any()
    middle = ordered(x.value, takes_part)
    lines = Lines(middle=middle, low=middle, high=middle, fixed=fixed)
    if not fixed:
        open_ = np.isinf(x.error)
        low = np.where(open_, -np.inf, x.value.astype(np.float64) - np.where(open_, 0.0, x.error))
        high = np.where(open_, np.nan, x.value.astype(np.float64) + np.where(open_, 0.0, x.error))
        lines = Lines(middle=middle, low=ordered(low, may), high=ordered(high, sure), fixed=False)
    undecided = anywhere(x.undecided & may) | anywhere(included.undecided)
    asked = exact(np.float64(0.5).reshape((1,) * len(outer))) if rank is None else rank
    undecided = undecided | asked.undecided
    match expr.kind:
        case ReduceKind.median | ReduceKind.quantile:
            found = _average(expr, lines, x, takes_part, asked)
        case ReduceKind.arg_kth_smallest:
            found = _place(expr, lines, x, may, sure, asked.value, ranges)
        case _:
            found = _term(expr, lines, asked.value)
    error = np.where(asked.error > 0, np.inf, found.error) if expr.kind is not ReduceKind.quantile else found.error
    return Measured(value=found.value, error=error, undecided=undecided | found.undecided)


def _term(expr: Reduce, lines: Lines, rank: Array) -> Measured:
    dtype = expr.dtype
    beyond = rank >= lines.middle.count
    value = np.where(beyond, of_nothing(expr), lines.middle.at(rank))
    if lines.fixed:
        return exact(value)
    error = np.maximum(_away(value, lines.low.at(rank)), _away(value, lines.high.at(rank)))
    error = np.where(rank >= lines.low.count, 0.0, np.where(rank >= lines.high.count, np.inf, error))
    if dtype is DType.bool:
        error = np.minimum(error, 1.0)
    return settle(value, error, np.zeros((1,) * value.ndim, np.bool_), dtype)


def _place(
    expr: Reduce, lines: Lines, x: Measured, may: Bools, sure: Bools, rank: Array, ranges: Sequence[range]
) -> Measured:
    """A place is right if its term may be as low, and as high, as the term of its rank may be. If all such terms are known,
    the reference's is the only one: ties go to the first place in every kernel."""
    beyond = rank >= lines.middle.count
    coordinates = coordinate(np.arange(x.value.shape[-1]), ranges, expr.component)
    chosen = np.where(beyond, 0, coordinates[lines.middle.place(rank)])
    if lines.fixed:
        return exact(chosen)
    low, high = lines.low.at(rank)[..., None], lines.high.at(rank)[..., None]
    centre = x.value.astype(np.float64)
    unknown = np.isinf(x.error)
    most = np.where(unknown, np.nan, centre + np.where(unknown, 0.0, x.error))
    least = np.where(unknown, -np.inf, centre - np.where(unknown, 0.0, x.error))
    right = may & (unknown | (_at_most(low, most) & _at_most(least, high)))
    open_ = (right & ((x.error > 0) | ~sure)).any(axis=-1) & (np.count_nonzero(right, axis=-1) > 1)
    away = np.where(right, np.abs(coordinates - chosen[..., None]), 0).max(axis=-1, initial=0)
    error = np.where(open_, away, 0).astype(np.float64)
    error = np.where(rank >= lines.low.count, 0.0, np.where(rank >= lines.high.count, np.inf, error))
    return Measured(value=chosen, error=error, undecided=open_)


def _average(expr: Reduce, lines: Lines, x: Measured, takes_part: Bools, share: Measured) -> Measured:
    nan = has_nan(x.value, takes_part)
    value = average(lines.middle, share.value, nan)
    none = np.zeros((1,) * value.ndim, np.bool_)
    # A product or two in f64 stand between the share and the terms; of one half they are exact.
    slack = share.error + (4 * OWN * share.value if expr.rank is not None else 0.0)
    count = lines.middle.count
    less, more = np.clip(share.value - slack, 0, 1), np.clip(share.value + slack, 0, 1)
    never = np.zeros(nan.shape, np.bool_)
    low, high = average(lines.low, less, never), average(lines.high, more, never)
    a, b = _neighbours(lines.middle, share.value)
    size = np.maximum(np.abs(a), np.abs(b))
    r = rounding(expr.dtype)
    own = 4 * (r.unit + OWN) * size + 4 * r.tiny
    whole = is_integral(Measured(value=a, error=np.zeros_like(a), undecided=none)) & (4 * size <= r.integers)
    whole = whole & is_integral(Measured(value=b, error=np.zeros_like(b), undecided=none)) & (expr.rank is None)
    same = (a == b) & (share.error == 0)
    error = np.maximum(_away(value, low), _away(value, high)) + np.where(whole | same, 0.0, own)
    if not lines.fixed:
        unclear = (x.error > 0) & np.isinf(x.error)
        error = np.where((lines.low.count != lines.high.count) | unclear.any(axis=-1), np.inf, error)
    surely = nan if lines.fixed else (np.isnan(x.value) & takes_part & (x.error == 0)).any(axis=-1)
    error = np.where((surely & (count > 0)) | (lines.low.count == 0), 0.0, error)
    return settle(value, error, none, expr.dtype)


def _neighbours(found: Ordered, share: Array) -> tuple[Floats, Floats]:
    lower = np.floor(share * np.maximum(found.count - 1, 0))
    upper = np.minimum(lower + 1, found.count - 1)
    return found.at(lower).astype(np.float64), found.at(upper).astype(np.float64)


def _away(value: Array, end: Array) -> Floats:
    """How far an end is from the value; 0 for the same infinity or NaN, inf where one of both is."""
    same = (value == end) | (np.isnan(value) & np.isnan(end))
    apart = np.abs(np.subtract(value, end, dtype=np.float64))
    return np.asarray(np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart)))


def _at_most(a: Array, b: Array) -> Bools:
    """Whether a comes not behind b, NaN being last."""
    return np.asarray((a <= b) | np.isnan(b))
