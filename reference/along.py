# SPDX-License-Identifier: Apache-2.0
"""Functions of a whole line that keep its axis: `softmax`."""

from __future__ import annotations

from typing import assert_never

import numpy as np

from unrut.program.nodes import Along, AlongKind
from unrut.program.ragged import both, is_ragged, within
from unrut.reference.places import Array, Evaluator, Places, Scene
from unrut.reference.ranges import line


def along(expr: Along, places: Places, scene: Scene, value: Evaluator) -> Array:
    """`y[j] = exp(x[j] - m) / sum over j' of exp(x[j'] - m)` with `m = max over j' of x[j']`, along `axis`.

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
            return np.moveaxis(y[..., asked.start - whole.start : asked.stop - whole.start], -1, at)
        case _:
            assert_never(expr.kind)


def terms_in_range(expr: Along, lines: Places, value: Evaluator) -> Array:
    """What goes into the lines; -inf, which adds nothing, where a place is not in the range of its line."""
    if not is_ragged(expr.axis):
        return value(expr.body, lines)
    inside = value(both(*within(expr.axis)), lines)
    return np.where(inside, value(expr.body, lines.where(inside)), -np.inf)
