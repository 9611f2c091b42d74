# SPDX-License-Identifier: Apache-2.0
"""Axis classes of a contraction: which of its two factors each axis is part of.

    M: free, in the first factor only   N: free, in the second only   K: reduced   batch: free, in both
    or in none (the result repeats along it)

Source: Springer, Bientinesi 2016, "Design of a high-performance GEMM-like tensor-tensor multiplication" (index bundles).
"""

from __future__ import annotations

from dataclasses import dataclass

from unrut.emitter.graph.computation import Computation
from unrut.program.nodes import Call, Cast, Expr, ReduceKind, Where
from unrut.program.walk import free_axes, reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The axes of a sum of products, each name in one class, in the order of the computation."""

    m: tuple[str, ...]
    n: tuple[str, ...]
    k: tuple[str, ...]
    batch: tuple[str, ...]


def factors(term: Expr) -> tuple[Expr, Expr] | None:
    """The two factors of a product of reads; casts around them are part of the factors."""
    match term:
        case Call(function="multiply", arguments=(left, right)) if _reads(left) and _reads(right):
            return left, right
        case Cast(operand=operand):
            return factors(operand)
        case Where(then=then):
            return factors(then)
        case _:
            return None


def _reads(expr: Expr) -> bool:
    return next(reads(expr), None) is not None


def classes(computation: Computation) -> Classes | None:
    """The classes of a contraction; None for anything that is not a sum of products with private free axes on a side."""
    reduction = computation.reduction
    pair = factors(computation.body)
    if reduction is None or reduction.kind is not ReduceKind.sum or pair is None:
        return None
    left, right = (free_axes(side) for side in pair)
    free = [axis.name for axis in computation.axes]
    found = Classes(
        m=tuple(a for a in free if a in left and a not in right),
        n=tuple(a for a in free if a in right and a not in left),
        k=tuple(axis.name for axis in reduction.axes),
        batch=tuple(a for a in free if (a in left) == (a in right)),
    )
    return found if found.m or found.n else None
