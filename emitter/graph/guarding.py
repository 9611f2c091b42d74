# SPDX-License-Identifier: Apache-2.0
"""Conditions around an expression as part of the computation that it becomes: elsewhere it reads nothing."""

from __future__ import annotations

from dataclasses import replace

from unrut.emitter.graph.computation import Reduction
from unrut.emitter.graph.folds import others_of
from unrut.emitter.graph.laws import identity
from unrut.program.nodes import Expr, ReduceKind, Where
from unrut.program.types import DType


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
