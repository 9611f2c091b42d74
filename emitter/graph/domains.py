# SPDX-License-Identifier: Apache-2.0
"""What axes with bounds bind: whole extents under conditions, the checks that these are in order, what covers a tensor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from unrut.emitter.graph.checks import Check
from unrut.emitter.graph.places import leaving
from unrut.emitter.graph.ragged import disorder, inside_extent, overlaps
from unrut.emitter.graph.ranges import conjuncts, negation
from unrut.emitter.graph.rows import row_of
from unrut.emitter.graph.scope import Scope
from unrut.emitter.graph.simplify import FALSE, simplify
from unrut.emitter.graph.updates import inside_conditions, update_of
from unrut.program.nodes import Axis, Expr, Read, Role, Statement
from unrut.program.ragged import is_ragged, ordered, within

if TYPE_CHECKING:
    from unrut.emitter.graph.flatten import Flattener


def domain(
    flattener: Flattener,
    bound: tuple[Axis, ...],
    condition: Expr | None,
    scope: Scope,
    stem: str,
    *,
    apart: bool = False,
) -> tuple[Scope, tuple[Axis, ...], tuple[Expr, ...]]:
    """What is bound inside of axes: these over their whole extents, and the conditions that leave places out.

    `apart`: ranges by data share no place, for which there are checks.
    """
    inner = scope
    axes: list[Axis] = []
    where: list[Expr] = []
    for axis in bound:
        _check_order(flattener, axis, inner, stem)
        ends = tuple(flattener.expression(end, inner, stem) for end in within(inside_extent(axis)))
        axes.append(replace(axis, start=None, stop=None))
        inner, where = inner.within(axes[-1]).under(*ends), [*where, *ends]
        if is_ragged(axis):
            inner = replace(inner, rows={**inner.rows, axis.name: row_of(axis, ends, inner.rows, apart)})
    if condition is not None:
        kept = conjuncts(flattener.expression(condition, inner, stem))
        inner, where = inner.under(*kept), [*where, *kept]
    return inner, tuple(axes), tuple(where)


def _check_order(flattener: Flattener, axis: Axis, scope: Scope, stem: str) -> None:
    """Have it said, before anything else runs, if a range by data is out of order somewhere; along a line it is said."""
    if is_ragged(axis) and not any((w.start, w.stop) == (axis.start, axis.stop) for w in scope.witnesses):
        bad = flattener.expression(negation(ordered(axis)), scope, stem)
        bad = simplify(bad, scope.known(flattener.elements))
        if bad != FALSE:
            words = disorder(flattener.spoken, axis)
            flattener.check(bad, scope, Check(computation=f"{axis.name}_disorder", early=True, **words))


def update(flattener: Flattener, statement: Statement) -> None:
    """Add the computation of a statement that adds, or covers."""
    target, shape = statement.target, flattener.shapes[statement.target]
    flattener.elements.pop(target, None)
    covers = statement.role is Role.covers
    scope, axes, where = domain(flattener, statement.axes, None, Scope(axes=()), target, apart=covers)
    if covers:
        _check_apart(flattener, statement)
    known = scope.known(flattener.elements)
    places = tuple(simplify(flattener.expression(s, scope, target), known) for s in statement.subscripts)
    away = leaving(statement.subscripts, places, shape, known)
    if away is not None:
        left = Read(tensor=target, subscripts=statement.subscripts, dtype=statement.dtype, span=statement.span)
        words = flattener.spoken.outside(left, away.dimensions) | {"remedy": f"a larger `{target}`"}
        flattener.check(away.outside, scope, Check(computation=f"{target}_outside", **words))
        where = (*where, *inside_conditions(places, shape, away.dimensions))
    body = simplify(flattener.expression(statement.body, scope, target), known)
    stem = f"{target}_add" if statement.role is Role.adds else f"{target}_cover"
    flattener.found.append(update_of(statement, flattener.names.fresh(stem), axes, body, places, where))


def _check_apart(flattener: Flattener, statement: Statement) -> None:
    """Have it said, before anything else runs, if a row of a range by data reaches into the next one."""
    for axis, overlap, words in overlaps(flattener.spoken, statement):
        owners = (a for a in statement.axes if a.name in overlap.axes)
        scope = Scope(axes=tuple(replace(a, start=None, stop=None) for a in owners))
        bad = flattener.expression(overlap.bad, scope, statement.target)
        bad = simplify(bad, scope.known(flattener.elements))
        if bad != FALSE:
            flattener.check(bad, scope, Check(computation=f"{axis}_overlap", early=True, **words))
