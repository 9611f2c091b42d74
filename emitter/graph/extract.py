# SPDX-License-Identifier: Apache-2.0
"""Expensive parts of an expression that do not depend on all of its axes become computations of their own.

Before:  y[q, e] = sum[k](exp(s[q, k] - m[q]) * v[k, e])
After:   y_exp[q, k] = exp(s[q, k] - m[q])         y[q, e] = sum[k](y_exp[q, k] * v[k, e])
Because: what is written inside is evaluated for every e; whether that is worth storing is a schedule's decision, which
inlines the part again where it is not. Only parts whose reads are inside everywhere leave: they are no longer lazy.
"""

from __future__ import annotations

from functools import partial

from unrut.emitter.graph.computation import Computation
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.ranges import Known, inside, range_known
from unrut.emitter.graph.shrink import rewritten
from unrut.program.extents import Extent
from unrut.program.nodes import AxisValue, Call, Expr, Read
from unrut.program.walk import children, free_axes, rebuild, subexpressions

COSTLY = frozenset(
    "divide sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh "
    "arctanh power erf cbrt hypot logaddexp".split()
)


def extract(
    computations: tuple[Computation, ...], shapes: dict[str, tuple[Extent, ...]], names: Names
) -> tuple[Computation, ...]:
    """The computations with costly parts of reductions' terms before them, each part once."""
    found: list[Computation] = []
    for computation in computations:
        parts: dict[Expr, Computation] = {}
        if computation.reduction is not None:
            for term in computation.terms:
                _find(computation, term, range_known(computation.extents()), shapes, names, parts)
        found += parts.values()
        found.append(rewritten(computation, partial(_replaced, parts)) if parts else computation)
    return tuple(found)


def _find(
    computation: Computation,
    expr: Expr,
    known: Known,
    shapes: dict[str, tuple[Extent, ...]],
    names: Names,
    parts: dict[Expr, Computation],
) -> None:
    """Collect the largest parts that may leave, from the outside in."""
    axes = (*computation.axes, *computation.reduced)
    used = free_axes(expr)
    if isinstance(expr, Call) and expr.dtype.is_float and used and used < {a.name for a in axes} and expr not in parts:
        inner = list(subexpressions(expr))
        costly = [e for e in inner if isinstance(e, Call) and e.function in COSTLY]
        reads = [e for e in inner if isinstance(e, Read)]
        if costly and reads and all(_inside(read, shapes[read.tensor], known) for read in reads):
            name = names.fresh(f"{computation.name}_{costly[0].function}")
            own = tuple(axis for axis in axes if axis.name in used)
            parts[expr] = Computation(
                name=name, axes=own, dtype=expr.dtype, body=expr, reduction=None, statement=computation.statement
            )
            shapes[name] = tuple(axis.extent for axis in own)
            return
    for part in children(expr):
        _find(computation, part, known, shapes, names, parts)


def _inside(read: Read, shape: tuple[Extent, ...], known: Known) -> bool:
    return all(inside(s, n, known) for s, n in zip(read.subscripts, shape, strict=True))


def _replaced(parts: dict[Expr, Computation], expr: Expr) -> Expr:
    if expr in parts:
        part = parts[expr]
        subscripts = tuple(AxisValue(axis=axis.name) for axis in part.axes)
        return Read(tensor=part.name, subscripts=subscripts, dtype=part.dtype)
    inner = children(expr)
    return rebuild(expr, tuple(_replaced(parts, part) for part in inner)) if inner else expr
