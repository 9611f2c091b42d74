# SPDX-License-Identifier: Apache-2.0
"""A reduction over its domain: the terms of one block after another, reduced and combined in row-major order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unrut.program.nodes import Reduce, ReduceKind
from unrut.program.ragged import domain
from unrut.reference.argreductions import Best, best_of_block, better
from unrut.reference.blocks import SCRATCH, Footprint, blocks, cuts
from unrut.reference.logsumexp import logsumexp_block
from unrut.reference.places import WIDE, Array, Bools, Evaluator, Places, Scene
from unrut.reference.products import contract, factors_of
from unrut.reference.ranges import reach
from unrut.reference.reductions import combine, identity, reduce_block, skips


def fold(expr: Reduce, places: Places, scene: Scene, value: Evaluator, arrays: Footprint) -> Array:
    """`kind[axes](body, where=where, initial=initial)` at all places.

    The terms are the body at every place in the ranges of `axes` where `where` holds; an excluded place reads nothing and
    contributes the identity by selection, so that a NaN there does not show. `initial` is one more term. `arrays` is
    the footprint of the terms, by which the domain is cut into blocks.
    """
    lengths = {axis: len(r) for axis, r in places.ranges.items()}
    pieces = list(blocks(cuts(reach(expr.axes, places, scene, value), arrays, SCRATCH, lengths)))
    if expr.kind in (ReduceKind.argmax, ReduceKind.argmin):
        return _fold_places(expr, places, value, pieces)
    total: Part | None = None
    for piece in pieces:
        part = _fold_block(expr, places.inside(piece), len(places.ranges), value)
        total = part if total is None else _joined(expr.kind, total, part)
    assert total is not None, "an empty range is one empty block"
    return total.value if expr.initial is None else combine(expr.kind, value(expr.initial, places), total.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What some blocks come to, and in which lines any of their places was included (None: not asked, as nothing skips)."""

    value: Array
    some: Bools | None = None


def _joined(kind: ReduceKind, left: Part, right: Part) -> Part:
    """Two partial results, one of which is left as it is where nothing was included in the other."""
    value = combine(kind, left.value, right.value)
    if right.some is not None:
        value = np.where(right.some, value, left.value)
    if left.some is not None:
        value = np.where(left.some, value, right.value)
    some = None if left.some is None or right.some is None else left.some | right.some
    return Part(value=value, some=some)


def _fold_block(expr: Reduce, inner: Places, kept: int, value: Evaluator) -> Part:
    factors = factors_of(expr)
    if factors:
        total = contract([value(f, inner) for f in factors], inner.shape, kept)
        if total is not None:
            return Part(value=total)
    accumulator = expr.body.dtype
    terms, included = terms_of(expr, inner, value)
    if included is not None:
        terms = np.where(included, terms, WIDE[accumulator].type(identity(expr.kind, accumulator)))
    lines = in_lines(terms, inner.shape, kept)
    if expr.kind is ReduceKind.logsumexp:
        return Part(value=logsumexp_block(lines))
    if included is None or not skips(expr.kind, accumulator):
        return Part(value=reduce_block(expr.kind, lines, accumulator))
    taken = in_lines(np.broadcast_to(included, terms.shape), inner.shape, kept)
    return Part(value=reduce_block(expr.kind, lines, accumulator, taken), some=np.asarray(taken.any(axis=-1)))


def terms_of(expr: Reduce, inner: Places, value: Evaluator) -> tuple[Array, Bools | None]:
    """The body over a block, and at which places it takes part (None: at all): those in range where `where` holds."""
    taken = domain(expr)
    if taken is None:
        return value(expr.body, inner), None
    included = value(taken, inner)
    return value(expr.body, inner.where(included)), included


def in_lines(terms: Array, shape: tuple[int, ...], kept: int) -> Array:
    """Terms laid out contiguously along one last dimension; `kept` dimensions stay, of length 1 where nothing depends
    on them.
    """
    outer = terms.shape[:kept]
    whole = np.ascontiguousarray(np.broadcast_to(terms, (*outer, *shape[kept:])))
    return whole.reshape((*outer, math.prod(shape[kept:])))


def _fold_places(expr: Reduce, places: Places, value: Evaluator, pieces: list[dict[str, range]]) -> Array:
    """Axis `component` of the best place, i64; 0 if no place takes part."""
    kept, best = len(places.ranges), None
    if any(len(r) == 0 for piece in pieces for r in piece.values()):
        return np.zeros((1,) * kept, np.int64)
    for piece in pieces:
        inner = places.inside(piece)
        terms, included = terms_of(expr, inner, value)
        wide = np.broadcast_shapes(terms.shape, (1,) * len(inner.shape) if included is None else included.shape)
        lines = in_lines(np.broadcast_to(terms, wide), inner.shape, kept)
        taking_part = in_lines(np.broadcast_to(True if included is None else included, wide), inner.shape, kept)
        found = best_of_block(expr.kind, lines, taking_part)
        place = coordinate(found.place, [*piece.values()], expr.component)
        found = Best(value=found.value, place=place, found=found.found)
        best = found if best is None else better(expr.kind, best, found)
    assert best is not None, "an empty range is one empty block"
    return np.where(best.found, best.place, 0)


def coordinate(place: Array, ranges: Sequence[range], component: int) -> Array:
    """The value of one axis at row-major places of a block."""
    return np.asarray(np.unravel_index(place, [len(r) for r in ranges])[component]) + ranges[component].start
