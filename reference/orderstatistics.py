# SPDX-License-Identifier: Apache-2.0
"""`median`, `quantile`, `kth_smallest`, `arg_kth_smallest`: terms by their place in ascending order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrut.errors import Place, RangeError
from unrut.program.nodes import Reduce, ReduceKind
from unrut.reference.folding import coordinate, in_lines, terms_of
from unrut.reference.places import WIDE, Array, Bools, Evaluator, Floats, Places, Scene
from unrut.reference.ranges import reach
from unrut.reference.reductions import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Lines of terms in ascending order along the last dimension: NaN behind all numbers, what takes no part behind NaN.

    `order` says where each stood; of equal terms (-0 equals 0) the first comes first. `count`: how many take part.
    """

    terms: Array
    order: NDArray[np.int64]
    count: NDArray[np.int64]

    def at(self, rank: Array) -> Array:
        """The terms of some ranks; any value for a rank that is no place of the line."""
        return _taken(self.terms, rank)

    def place(self, rank: Array) -> Array:
        """Where the terms of some ranks stood."""
        return _taken(self.order, rank)


def ordered(terms: Array, included: Bools) -> Ordered:
    """Lines of length >= 1 in order: sorted by value, stably, and then those that take part moved to the front, stably."""
    by_value = np.argsort(terms, axis=-1, kind="stable")
    last = np.argsort(~np.take_along_axis(included, by_value, axis=-1), axis=-1, kind="stable")
    order = np.take_along_axis(by_value, last, axis=-1)
    return Ordered(
        terms=np.take_along_axis(terms, order, axis=-1),
        order=order,
        count=np.asarray(np.count_nonzero(included, axis=-1), np.int64),
    )


def _taken(lines: Array, rank: Array) -> Array:
    index = np.clip(rank, 0, lines.shape[-1] - 1).astype(np.int64)
    return np.asarray(np.take_along_axis(lines, index[..., None], axis=-1)[..., 0])


def order_statistic(expr: Reduce, places: Places, scene: Scene, value: Evaluator) -> Array:
    """`kind[axes](body, rank, where=where)` at all places, the terms of each place being sorted whole.

    kth_smallest: `t` of rank r; arg_kth_smallest: axis `component` of its place. Where r is beyond the terms that take
    part, the highest value, and place 0. median, quantile: see `between`.
    """
    kept = len(places.ranges)
    inner = places.inside(reach(expr.axes, places, scene, value))
    if math.prod(inner.shape[kept:]) == 0:
        return np.full((1,) * kept, of_nothing(expr))
    terms, included = terms_of(expr, inner, value)
    wide = np.broadcast_shapes(terms.shape, (1,) * len(inner.shape) if included is None else included.shape)
    lines = in_lines(np.broadcast_to(terms, wide), inner.shape, kept)
    takes_part = in_lines(np.broadcast_to(True if included is None else included, wide), inner.shape, kept)
    found = ordered(lines, takes_part)
    rank = np.float64(0.5).reshape((1,) * kept) if expr.rank is None else value(expr.rank, places)
    if expr.kind in (ReduceKind.median, ReduceKind.quantile):
        refuse_ranks(expr, ~((rank >= 0) & (rank <= 1)), rank, places)
        return average(found, rank, has_nan(lines, takes_part))
    refuse_ranks(expr, ~((rank >= 0) & (rank < math.prod(map(len, scene.whole(expr.axes).values())))), rank, places)
    beyond = rank >= found.count
    if expr.kind is ReduceKind.arg_kth_smallest:
        return np.where(beyond, 0, coordinate(found.place(rank), [*inner.ranges.values()][kept:], expr.component))
    return np.where(beyond, of_nothing(expr), found.at(rank))


def of_nothing(expr: Reduce) -> Array:
    """What a statistic gives where no term takes part, or its rank is beyond those that do."""
    match expr.kind:
        case ReduceKind.kth_smallest:
            return np.asarray(identity(ReduceKind.min, expr.dtype), WIDE[expr.dtype])
        case ReduceKind.arg_kth_smallest:
            return np.asarray(0, np.int64)
        case _:
            return np.asarray(np.nan)


def has_nan(lines: Array, takes_part: Bools) -> Bools:
    """In which lines a NaN takes part."""
    return np.asarray((np.isnan(lines) & takes_part).any(axis=-1))


def average(found: Ordered, share: Array, nan: Bools) -> Floats:
    """`(1 - t) a + t b` with a and b the terms of rank floor(p) and the next one, `p = share * (n - 1)`, `t = p - floor(p)`;
    a itself where t is 0 or both are equal. NaN where a NaN takes part, or nothing does.

    Source: Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996), method 7.
    """
    p = share * np.maximum(found.count - 1, 0)
    lower = np.floor(p)
    a, b = found.at(lower).astype(np.float64), found.at(np.minimum(lower + 1, found.count - 1)).astype(np.float64)
    t = p - lower
    mixed = np.where((t == 0) | (a == b), a, (1 - t) * a + t * b)
    return np.where(nan | (found.count == 0), np.nan, mixed)


def refuse_ranks(expr: Reduce, invalid: Bools, rank: Array, places: Places) -> None:
    """Raise for the first place that counts at which the rank is none of the reduction's."""
    wrong = np.broadcast_to(invalid, places.shape)
    if places.live is not None:
        wrong = wrong & places.live
    if not wrong.any():
        return
    first = tuple(int(k) for k in np.argwhere(wrong)[0])
    at = {axis: r[k] for (axis, r), k in zip(places.ranges.items(), first, strict=True)}
    span = (expr.rank.span if expr.rank is not None else None) or expr.span
    word, limits = "rank", "from 0 to less than its number of places"
    if expr.kind is ReduceKind.quantile:
        word, limits = "share", "from 0 to 1"
    raise RangeError(
        f"the {word} of `{expr.kind.value}` is {np.broadcast_to(rank, places.shape)[first]}, it has to be {limits}; "
        f"at {', '.join(f'{a} = {v}' for a, v in at.items()) or 'the only place'}",
        places=[Place(span=span)] if span is not None else [],
        remedy=f"minimum and maximum around the {word}",
    )
