# SPDX-License-Identifier: Apache-2.0
"""Conditions around an expression as part of the computation that it becomes: elsewhere it reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from unrut.emitter.graph.computation import Reduction
from unrut.emitter.graph.folds import others_of
from unrut.emitter.graph.laws import identity
from unrut.emitter.graph.ranges import Bound, Known, inside, negation
from unrut.emitter.graph.scope import Scope
from unrut.program.extents import Extent
from unrut.program.nodes import Expr, Read, ReduceKind, Where
from unrut.program.types import DType
from unrut.program.walk import children


def guarded(
    body: Expr, reduction: Reduction | None, guards: tuple[Expr, ...], dtype: DType
) -> tuple[Expr, Reduction | None]:
    """The body and reduction where the guards hold: they join `where`, or choose between the body and 0."""
    if reduction is not None:
        return body, replace(reduction, where=(*guards, *reduction.where))
    zero = identity(ReduceKind.sum, dtype)
    for guard in reversed(guards):  # nested, not joined by `&`: an earlier guard may protect the reads of a later one
        body = Where(condition=guard, then=body, otherwise=zero, dtype=dtype)
    return body, None


def evaluated(body: Expr, reduction: Reduction | None) -> tuple[Expr, ...]:
    """Everything that a computation with this body and reduction evaluates at its places."""
    if reduction is None:
        return (body,)
    return (body, *others_of(reduction), *reduction.where, *reduction.outside())


def all_inside(
    body: Expr,
    reduction: Reduction | None,
    scope: Scope,
    elements: Mapping[str, tuple[Bound, Bound]],
    shapes: Mapping[str, tuple[Extent, ...]],
) -> bool:
    """Whether all reads of a computation are inside by themselves; the scope's guards are those of its reduction alone."""
    plain = replace(scope, guards=())
    around = () if reduction is None else (*reduction.where, *reduction.outside())
    outer = all(reads_inside(e, plain.known(elements), shapes) for e in around)
    return outer and all(reads_inside(term, scope.known(elements), shapes) for term in (body, *others_of(reduction)))


def reads_inside(expr: Expr, known: Known, shapes: Mapping[str, tuple[Extent, ...]]) -> bool:
    """Whether every read of an expression is proved inside wherever `known` holds."""
    match expr:
        case Where(condition=condition, then=then, otherwise=otherwise):
            yes = reads_inside(then, known.given(condition), shapes)
            no = reads_inside(otherwise, known.given(negation(condition)), shapes)
            return reads_inside(condition, known, shapes) and yes and no
        case Read(tensor=tensor, subscripts=subscripts):
            return all(inside(s, n, known) for s, n in zip(subscripts, shapes[tensor], strict=True))
        case _:
            return all(reads_inside(part, known, shapes) for part in children(expr))
