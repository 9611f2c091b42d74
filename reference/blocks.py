# SPDX-License-Identifier: Apache-2.0
"""Bounded scratch: ranges of axes are cut into blocks whose arrays fit a budget.

    footprint = { (m, axes) }      one entry for each array that is made: m * product over its axes of their lengths
    size(lengths) = sum over the footprint

Axes are cut from the outermost in, each as coarsely as the budget allows, and only if cutting it makes the arrays
smaller.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import TypeAlias, assert_never

from unrut.program.fold_nodes import Fold, Local
from unrut.program.nodes import (
    ORDER_STATISTICS,
    Along,
    Axis,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    OutsideMode,
    Read,
    Reduce,
    Scalar,
    Where,
)
from unrut.program.ragged import domain, is_ragged
from unrut.program.walk import children, free_axes, outside_of, subexpressions
from unrut.reference.places import Scene
from unrut.reference.products import factors_of

SCRATCH = 2**22
"""Elements of all arrays made for one block of one statement: 32 MB in f64."""

KEPT = 2**25
"""Bytes of all intermediates of one block of the program: 32 MB."""

HELD = 2**27
"""Bytes of all intermediates of one block, where blocks can't be small enough, up to which they are held: 128 MB."""

SORTED = 6
"""Arrays that stand for the terms of an order statistic while they are sorted."""

Footprint: TypeAlias = tuple[tuple[int, frozenset[str]], ...]


def footprint(expr: Expr, scene: Scene) -> Footprint:
    """The arrays that evaluating an expression makes, over the axes that are free in it."""
    own = ((1, free_axes(expr)),)
    match expr:
        case Const() | ExtentValue() | Scalar() | AxisValue() | Local():
            return own
        case Read(subscripts=subscripts, outside=outside):
            instead = () if outside is None or isinstance(outside, OutsideMode) else footprint(outside, scene)
            return sum((footprint(s, scene) for s in subscripts), own) + instead
        case Call() | Where() | Cast():
            return sum((footprint(part, scene) for part in children(expr)), own)
        case Reduce():
            inner = {axis.name: _length(axis, scene) for axis in expr.axes}
            start = sum((footprint(part, scene) for part in outside_of(expr)), ())
            return own + start + _with_lengths(terms_footprint(expr, scene), inner)
        case Fold(axes=axes, combine=combine, finish=finish):
            inner = {axis.name: _length(axis, scene) for axis in axes}
            # States, and what is computed from them, stand at every place outside; how many there are is not asked.
            steps = sum(1 for part in (*combine, finish) for _ in subexpressions(part))
            return ((1 + steps, free_axes(expr)), *_with_lengths(terms_footprint(expr, scene), inner))
        case Along(axis=axis, body=body):
            line = {axis.name: _length(axis, scene)}
            # Three arrays over the whole line, whichever part of it is asked for.
            return own + _with_lengths(footprint(body, scene) + 3 * ((1, free_axes(body)),), line)
        case _:
            assert_never(expr)


def terms_footprint(expr: Reduce | Fold, scene: Scene) -> Footprint:
    """The arrays that evaluating the terms of a reduction makes, its own axes included; a product's terms never
    stand.
    """
    if isinstance(expr, Fold):
        taken = domain(expr)
        parts = (*expr.lift, *(() if taken is None else (taken,)))
        every = frozenset[str]().union(*map(free_axes, parts)) | {axis.name for axis in expr.axes}
        return sum((footprint(part, scene) for part in parts), ((len(parts), every),))
    factors = factors_of(expr)
    if factors:
        return sum((footprint(f, scene) for f in factors), ())
    taken = domain(expr)
    where = () if taken is None else footprint(taken, scene)
    every = free_axes(expr.body) | {axis.name for axis in expr.axes}
    stand = SORTED if expr.kind in ORDER_STATISTICS else 1
    return (stand, every), *footprint(expr.body, scene), *where


def _length(axis: Axis, scene: Scene) -> int:
    """The length of an axis; of one whose range is data a guess, as what a block reaches is known only there."""
    whole = scene.length(axis.extent)
    return math.isqrt(whole) + 1 if is_ragged(axis) else whole


def _with_lengths(arrays: Footprint, lengths: Mapping[str, int]) -> Footprint:
    """The same arrays with the lengths of some axes multiplied in."""
    known = lengths.keys()
    return tuple((m * math.prod(lengths[a] for a in axes & known), axes - known) for m, axes in arrays)


def size(arrays: Footprint, lengths: Mapping[str, int]) -> int:
    """What the arrays come to for these lengths."""
    return sum(m * math.prod(lengths[a] for a in axes if a in lengths) for m, axes in arrays)


def cuts(
    ranges: Mapping[str, range], arrays: Footprint, limit: int, others: Mapping[str, int] | None = None
) -> dict[str, list[range]]:
    """Each axis in its pieces. `others` are axes that can't be cut, with their lengths.

    What can't be made smaller (a line of a softmax) stands in every block, and is made anew for each: so blocks may be as
    large again as that, lest there be as many of them as elements.
    """
    lengths = {**(others or {}), **{axis: len(r) for axis, r in ranges.items()}}
    limit = max(limit, 2 * size(arrays, {**lengths, **dict.fromkeys(ranges, 1)}))
    for axis, r in ranges.items():
        now, least = size(arrays, lengths), size(arrays, {**lengths, axis: 1})
        if now <= limit or least >= now:
            continue
        per_step = (now - least) / (len(r) - 1)
        lengths[axis] = min(len(r), max(1, int(1 + (limit - least) / per_step)))
    return {axis: _pieces(r, lengths[axis]) for axis, r in ranges.items()}


def _pieces(whole: range, length: int) -> list[range]:
    if len(whole) <= length:
        return [whole]
    return [whole[k : k + length] for k in range(0, len(whole), length)]


def blocks(pieces: Mapping[str, list[range]]) -> Iterator[dict[str, range]]:
    """Every combination of pieces, the last axis fastest."""
    for combination in product(*pieces.values()):
        yield dict(zip(pieces, combination, strict=True))
