# SPDX-License-Identifier: Apache-2.0
"""The terms of one reduction, or of one line of softmax, those to look at first being first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from unrut.program.nodes import GIVE_PLACES, ORDER_STATISTICS, Along, Expr, Read, Reduce, ReduceKind
from unrut.program.scans import SCANS, as_reduction
from unrut.program.walk import free_axes, reads
from unrut.reference.affine import affine
from unrut.reference.along import terms_in_range
from unrut.reference.explanation import Folding, Reach, Term
from unrut.reference.folding import terms_of
from unrut.reference.places import WIDE, Array, Bools, Places
from unrut.reference.ranges import line as line_of
from unrut.reference.ranges import reach
from unrut.reference.ranked import by_distance, ranks_of
from unrut.reference.reads import subscripts_of
from unrut.reference.reductions import combine, identity, reduce_block

if TYPE_CHECKING:
    from unrut.reference.explain import Witness

MANY = 20
"""Up to so many terms are given in the order of the loops, more with the weightiest first."""

LISTED = 200
"""So many terms are taken apart into their reads."""


def fold_terms(expr: Reduce, places: Places, witness: Witness) -> Folding:
    """A reduction at one place, term by term.

    `share` is |t| / sum |t| for sum, exp(t - L) for logsumexp, nothing for the others; `running` the partial result in
    row-major order; for order statistics the rank. The weightiest terms are the largest in magnitude for sum and prod,
    the best for max, min, argmax,
    argmin and logsumexp, those that settle it for any, all and count.
    """
    inner = places.inside(reach(expr.axes, places, witness.scene, witness.value))
    ranges = {axis.name: inner.ranges[axis.name] for axis in expr.axes}
    body, mask = terms_of(expr, inner, witness.value)
    terms = np.broadcast_to(body, inner.shape).ravel()
    included = np.ones(terms.shape, np.bool_) if mask is None else np.broadcast_to(mask, inner.shape).ravel()
    dtype = expr.body.dtype
    shown = np.where(included, terms, WIDE[dtype].type(identity(expr.kind, dtype)))
    magnitude = float(_magnitudes(shown).sum()) if expr.kind is ReduceKind.sum else math.nan
    value = witness.value(expr, places).item()
    by_weight, order = _by_weight(expr.kind, shown), ", the weightiest first" if terms.size > MANY else ""
    running = _running(expr.kind, shown, included)
    if expr.kind in ORDER_STATISTICS:
        running = ranks_of(terms, included)
        by_weight = by_distance(expr, running, int(included.sum()), places, witness.value, MANY)
        order = ", the nearest ranks first" if terms.size > MANY else ", in ascending order"
    chosen = [int(k) for k in by_weight if included[k]]
    share = _shares(expr.kind, shown, magnitude, value)
    return Folding(
        text=witness.printer.expr(expr),
        kind=expr.kind.value,
        axes=ranges,
        places=terms.size,
        included=int(included.sum()),
        zeros=int(np.count_nonzero(included & (terms == 0))) if terms.dtype.kind != "b" else 0,
        value=value,
        magnitude=magnitude,
        order=order,
        terms=[
            _term(expr.body, inner, ranges, k, (shown[k].item(), float(share[k]), running[k].item()), witness)
            for k in chosen[:LISTED]
        ],
        partial=_partial(expr, shown, included, ranges),
        reaches=reaches(expr.body, inner, included, witness),
    )


def line_terms(expr: Along, places: Places, witness: Witness) -> Folding:
    """A line of softmax: each term is the logarithm that goes in, its share the probability that comes out. Of a scan the
    terms up to the place, as of the reduction over them."""
    if expr.kind in SCANS:
        name = f"{expr.axis.name}2"
        while name in places.ranges:
            name += "2"
        return replace(fold_terms(as_reduction(expr, name), places, witness), text=witness.printer.expr(expr))
    whole = line_of(expr.axis, places, witness.scene, witness.value)
    line = places.along(expr.axis.name, whole)
    terms = np.broadcast_to(terms_in_range(expr, line, witness.value), line.shape).ravel()
    share = np.broadcast_to(witness.value(expr, line), line.shape).ravel()
    ranges = {expr.axis.name: whole}
    order = _by_weight(ReduceKind.max, terms)
    return Folding(
        text=witness.printer.expr(expr),
        kind=expr.kind.value,
        axes=ranges,
        places=terms.size,
        included=terms.size,
        zeros=0,
        value=witness.value(expr, places).item(),
        magnitude=math.nan,
        order=", the weightiest first" if terms.size > MANY else "",
        terms=[
            _term(expr.body, line, ranges, int(k), (terms[k].item(), float(share[k]), math.nan), witness)
            for k in order[:LISTED]
        ],
        partial={},
        reaches=reaches(expr.body, line, np.ones(terms.shape, np.bool_), witness),
    )


def _term(
    body: Expr,
    inner: Places,
    ranges: Mapping[str, range],
    k: int,
    figures: tuple[float, float, float],
    witness: Witness,
) -> Term:
    """The term at row-major place k, taken apart."""
    index = np.unravel_index(k, [len(r) for r in ranges.values()])
    axes = {axis: r[int(i)] for (axis, r), i in zip(ranges.items(), index, strict=True)}
    pinned = Places(ranges={a: range(axes[a], axes[a] + 1) if a in axes else r for a, r in inner.ranges.items()})
    value, share, running = figures
    return Term(axes=axes, value=value, share=share, running=running, parts=witness.term_parts(body, pinned))


def _by_weight(kind: ReduceKind, terms: Array) -> Array:
    """Places in the order of interest; NaN always first; in the loops' order if there are few."""
    if terms.size <= MANY:
        return np.arange(terms.size)
    match kind:
        case ReduceKind.sum | ReduceKind.prod:
            weight = _magnitudes(terms)
        case ReduceKind.min | ReduceKind.argmin | ReduceKind.all:
            weight = -terms.astype(np.float64)
        case _:
            weight = terms.astype(np.float64)
    return np.argsort(-np.where(np.isnan(weight), np.inf, weight), kind="stable")


def _magnitudes(terms: Array) -> Array:
    return np.asarray(np.abs(terms if np.iscomplexobj(terms) else terms.astype(np.float64)))


def _shares(kind: ReduceKind, terms: Array, magnitude: float, value: float) -> Array:
    match kind:
        case ReduceKind.sum:
            return _magnitudes(terms) / magnitude if magnitude > 0 else np.full(terms.shape, math.nan)
        case ReduceKind.logsumexp:
            return np.exp(terms - value)
        case _:
            return np.full(terms.shape, math.nan)


def _running(kind: ReduceKind, terms: Array, included: Bools) -> Array:
    """Partial results in row-major order; what is left out leaves them as they are."""
    match kind:
        case _ if kind in GIVE_PLACES | ORDER_STATISTICS:
            return np.full(terms.shape, math.nan)
        case ReduceKind.count:
            return np.cumsum(terms)
        case _:
            found = [terms[:1]]
            for k in range(1, terms.size):
                found.append(combine(kind, found[-1], terms[k : k + 1]) if included[k] else found[-1])
            return np.concatenate(found) if terms.size else terms


def _partial(expr: Reduce, terms: Array, included: Bools, ranges: Mapping[str, range]) -> dict[str, list[float]]:
    """For each axis and each of its values, the reduction over the other axes."""
    if expr.kind in GIVE_PLACES | ORDER_STATISTICS | {ReduceKind.logsumexp} or terms.size == 0:
        return {}

    def rows(places: Array, d: int, length: int) -> Array:
        cube = places.reshape([len(r) for r in ranges.values()])
        return np.ascontiguousarray(np.moveaxis(cube, d, 0).reshape(length, -1))

    return {
        axis: reduce_block(expr.kind, rows(terms, d, len(r)), expr.body.dtype, rows(included, d, len(r))).tolist()
        for d, (axis, r) in enumerate(ranges.items())
    }


def reaches(body: Expr, inner: Places, included: Bools, witness: Witness) -> list[Reach]:
    """Where the reads of a body go over its whole domain; places that don't take part are left out."""
    found = []
    known = {axis for axis, r in inner.ranges.items()}
    for read in _plain_reads(body, known):
        tensor = witness.scene.tensors[read.tensor]
        asked, _ = subscripts_of(read, tensor, inner, witness.value)
        for d, (subscript, n) in enumerate(zip(asked, tensor.shape, strict=True)):
            visited = np.broadcast_to(subscript, inner.shape).ravel()[included]
            if visited.size:
                found.append(
                    Reach(
                        text=witness.printer.read(read),
                        dimension=d,
                        subscript=witness.printer.expr(read.subscripts[d]),
                        least=int(visited.min()),
                        most=int(visited.max()),
                        different=len(np.unique(visited)),
                        extent=n,
                        outside=int(np.count_nonzero((visited < 0) | (visited >= n))),
                        overall=_overall(read.subscripts[d], inner, witness),
                    )
                )
    return found


def _overall(subscript: Expr, inner: Places, witness: Witness) -> tuple[int, int] | None:
    """What a subscript spans when the statement's axes run over their whole ranges."""
    line = affine(subscript, witness.scene.sizes)
    ranges = {**inner.ranges, **witness.whole}
    if line is None or any(len(r) == 0 for r in ranges.values()):
        return None
    return line.span(ranges)


def _plain_reads(body: Expr, known: set[str]) -> list[Read]:
    """The different reads of a body whose subscripts mention no axis of a reduction inside it."""
    return [read for read in dict.fromkeys(reads(body)) if free_axes(read) <= known]
