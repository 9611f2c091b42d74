# SPDX-License-Identifier: Apache-2.0
"""`argmax`, `argmin` with errors: every place whose term may be the best is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unrut.program.nodes import ReduceKind
from unrut.reference.argreductions import best_of_block
from unrut.reference.bounds.measured import Measured, anywhere
from unrut.reference.folding import coordinate
from unrut.reference.places import Array, Bools


def measured_best(
    kind: ReduceKind, x: Measured, included: Measured, ranges: Sequence[range], component: int
) -> Measured:
    """The reference's place, one axis of it, and how far away along this axis a right place can be.

    A place is right if `x_k + e_k >= max over j of (x_j - e_j)`, the max over terms that surely take part; among terms
    that are known the first one of several is the only right one. More than one right place makes it undecided.
    """
    best = best_of_block(kind, x.value, np.broadcast_to(included.value, x.value.shape))
    candidates = _candidates(kind, x, included, best.place) & (included.value | (included.error > 0))
    places = coordinate(np.arange(x.value.shape[-1]), ranges, component)
    chosen = np.where(best.found, coordinate(best.place, ranges, component), 0)
    away = np.where(candidates, np.abs(places - chosen[..., None]), 0)
    open_ = candidates.sum(axis=-1) > 1
    undecided = anywhere(x.undecided) | anywhere(included.undecided) | open_
    return Measured(value=chosen, error=away.max(axis=-1, initial=0).astype(np.float64), undecided=undecided)


def _candidates(kind: ReduceKind, x: Measured, included: Measured, place: Array) -> Bools:
    sign = 1.0 if kind is ReduceKind.argmax else -1.0
    may = included.value | (included.error > 0)
    sure = included.value & (included.error == 0)
    best = np.zeros(x.value.shape, np.bool_)
    np.put_along_axis(best, place[..., None], True, axis=-1)
    if not x.error.any() and not included.error.any():
        return best
    centre = sign * x.value.astype(np.float64)
    low = np.where(sure, centre - x.error, -np.inf).max(axis=-1, keepdims=True)
    reaches = may & ~(centre + x.error < low)
    # Known terms that tie with a known best one, or fall behind it, are decided; an unknown one may be NaN, which wins.
    known = (x.error == 0) & sure
    best_value = np.take_along_axis(centre, place[..., None], axis=-1)
    best_known = np.take_along_axis(np.broadcast_to(known, x.value.shape), place[..., None], axis=-1)
    decided = known & best_known & ((centre <= best_value) | np.isnan(best_value))
    nan_wins = best_known & np.isnan(best_value)
    unknown_nan = may & np.isinf(x.error)
    return np.asarray(best | (np.where(nan_wins, unknown_nan, reaches | unknown_nan) & ~decided))
