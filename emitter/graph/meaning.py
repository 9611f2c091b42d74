# SPDX-License-Identifier: Apache-2.0
"""What makes two computations one: all but their names, and those of their axes."""

from __future__ import annotations

from collections.abc import Mapping

from unrut.emitter.graph.computation import Reduction
from unrut.emitter.graph.folds import kind_of, others_of
from unrut.program.nodes import Axis, AxisValue, Expr
from unrut.program.types import DType
from unrut.program.walk import free_axes, rename_axes


def mentioned(body: Expr, reduction: Reduction | None) -> frozenset[str]:
    """The axes that a computation with this body and reduction depends on."""
    if reduction is None:
        return free_axes(body)
    outside = frozenset().union(*map(free_axes, reduction.outside()))
    bound = frozenset(axis.name for axis in reduction.axes)
    parts = (body, *others_of(reduction), *reduction.where)
    return (frozenset().union(*map(free_axes, parts)) - bound) | outside


def meaning(body: Expr, reduction: Reduction | None, axes: tuple[Axis, ...], dtype: DType) -> tuple[object, ...]:
    """A key that is equal for computations that differ in the names of their axes only."""
    bound = reduction.axes if reduction else ()
    new: Mapping[str, Expr] = {a.name: AxisValue(axis=f"@{k}") for k, a in enumerate((*axes, *bound))}
    parts = (body, *others_of(reduction), *(reduction.where if reduction else ()))
    outside = (reduction.initial, reduction.rank) if reduction else ()
    return (
        tuple(rename_axes(part, dict(new)) for part in parts),
        tuple(None if part is None else rename_axes(part, dict(new)) for part in outside),
        kind_of(reduction),
        tuple(a.extent for a in axes),
        tuple(a.extent for a in bound),
        dtype,
    )
