# SPDX-License-Identifier: Apache-2.0
"""Functions of a whole line that keep its axis: `softmax` and scans."""

from __future__ import annotations

from typing import assert_never

import numpy as np

from unrut.program.nodes import Along, AlongKind, ReduceKind
from unrut.program.ragged import both, is_ragged, within
from unrut.program.scans import SCANS
from unrut.program.types import DType
from unrut.reference.places import WIDE, Array, Bools, Evaluator, Places, Scene
from unrut.reference.ranges import line
from unrut.reference.reductions import identity, skips


def along(expr: Along, places: Places, scene: Scene, value: Evaluator) -> Array:
    """`y[j] = exp(x[j] - m) / sum over j' of exp(x[j'] - m)` with `m = max over j' of x[j']`, along `axis`.

    A scan gives at each place what the line comes to from its first place to this one.

    The line is evaluated whole, then the places asked for are taken from it. As the formula: a line with NaN, with
    +inf, or of nothing but -inf is NaN all along. Sums are pairwise in f64.

    Source: Blanchard, Higham, Higham, IMA J. Numer. Anal. 41 (2021), section 1.
    """
    whole = line(expr.axis, places, scene, value)
    at = list(places.ranges).index(expr.axis.name)
    asked = places.ranges[expr.axis.name]
    lines = places.along(expr.axis.name, whole)
    x = terms_in_range(expr, lines, value)
    length = [len(whole) if d == at else n for d, n in enumerate(x.shape)]
    match expr.kind:
        case AlongKind.softmax:
            # The line goes last and contiguous, where NumPy sums pairwise.
            terms = np.ascontiguousarray(np.moveaxis(np.broadcast_to(x, length), at, -1))
            powers = np.exp(terms - np.max(terms, axis=-1, keepdims=True, initial=-np.inf))
            y = powers / np.sum(powers, axis=-1, keepdims=True, dtype=np.float64)
        case AlongKind.cumsum | AlongKind.cumprod | AlongKind.cummax | AlongKind.cummin:
            kind, terms = SCANS[expr.kind], np.moveaxis(np.broadcast_to(x, length), at, -1)
            if is_ragged(expr.axis) and skips(kind, expr.dtype):
                inside = value(both(*within(expr.axis)), lines)
                y = _skipping(kind, terms, np.moveaxis(np.broadcast_to(inside, length), at, -1), expr.dtype)
            else:
                y = scanned(kind, terms, expr.dtype)
        case _:
            assert_never(expr.kind)
    return np.moveaxis(y[..., asked.start - whole.start : asked.stop - whole.start], -1, at)


def scanned(kind: ReduceKind, terms: Array, dtype: DType) -> Array:
    """`y_k = t_1 + ... + t_k` along the last dimension, for products, maxima and minima likewise.

    From the first place to the last, sums and products in f64 for narrower floats; integers wrap; NaN wins.
    """
    match kind:
        case ReduceKind.sum:
            return np.cumsum(terms, axis=-1, dtype=WIDE[dtype])
        case ReduceKind.prod:
            return np.cumprod(terms, axis=-1, dtype=WIDE[dtype])
        case ReduceKind.max:
            return np.asarray(np.maximum.accumulate(terms, axis=-1))
        case ReduceKind.min:
            return np.asarray(np.minimum.accumulate(terms, axis=-1))
        case _:
            raise AssertionError(kind)


def _skipping(kind: ReduceKind, terms: Array, inside: Bools, dtype: DType) -> Array:
    """The scan of those terms that are `inside`, at each place up to it; the identity where there is none yet."""
    first = np.argsort(~inside, axis=-1, kind="stable")
    found = scanned(kind, np.take_along_axis(terms, first, axis=-1), dtype)
    number = np.cumsum(inside, axis=-1)
    at = np.take_along_axis(found, np.maximum(number - 1, 0), axis=-1)
    return np.where(number > 0, at, WIDE[dtype].type(identity(kind, dtype)))


def terms_in_range(expr: Along, lines: Places, value: Evaluator) -> Array:
    """What goes into the lines; what adds nothing where a place is not in the range of its line."""
    if not is_ragged(expr.axis):
        return value(expr.body, lines)
    inside = value(both(*within(expr.axis)), lines)
    return np.where(inside, value(expr.body, lines.where(inside)), nothing(expr))


def nothing(expr: Along) -> Array:
    """What a place outside the range of its line adds: nothing."""
    left_out = identity(SCANS[expr.kind], expr.dtype) if expr.kind in SCANS else -np.inf
    return np.asarray(left_out, WIDE[expr.dtype])
