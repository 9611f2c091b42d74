# SPDX-License-Identifier: Apache-2.0
"""Expensive parts of an expression that do not depend on all of its axes become computations of their own.

Before:  y[q, e] = sum[k](exp(s[q, k] - m[q]) * v[k, e])         z[q, k] = exp(m[q]) - s[q, k]
After:   y_exp[q, k] = exp(s[q, k] - m[q])         y[q, e] = sum[k](y_exp[q, k] * v[k, e])
         z_exp[q] = exp(m[q])                      z[q, k] = z_exp[q] - s[q, k]
Because: what is written inside is evaluated for every e; whether that is worth storing is a schedule's decision, which
inlines the part again where it is not. Only parts whose reads are inside everywhere leave: they are no longer lazy. A part
may have no reads at all: weights of a window are a small table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from unrut.emitter.graph.computation import Computation
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.ragged import owners
from unrut.emitter.graph.ranges import Known, inside, range_known
from unrut.emitter.graph.shrink import rewritten
from unrut.program.extents import Extent
from unrut.program.nodes import AxisValue, Call, Cast, Expr, Read, Where
from unrut.program.walk import children, free_axes, rebuild, subexpressions

COSTLY = frozenset(
    "divide sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh "
    "arctanh power erf cbrt hypot logaddexp".split()
)


def extract(
    computations: tuple[Computation, ...],
    shapes: dict[str, tuple[Extent, ...]],
    names: Names,
    serial: Mapping[str, tuple[str, ...]],
) -> tuple[Computation, ...]:
    """The computations with costly parts of what they evaluate before them, each part once.

    `serial` are the axes that computations in cycles go through step by step. What reads such a computation leaves only
    if it depends on these axes, and no condition says which of its places are read: then it is one more part of a step.
    """
    found: list[Computation] = []
    for computation in computations:
        parts: dict[Expr, Computation] = {}
        if computation.reduction is not None or (computation.update is None and len(computation.axes) > 1):
            steps = frozenset(serial.get(computation.name, ()))
            own = frozenset(serial) if steps else frozenset[str]()
            changed = () if computation.update is None else computation.update.where
            where = computation.reduction.where if computation.reduction is not None else ()
            ranges = owners((*changed, *where))
            looked = Looked(shapes=shapes, names=names, parts=parts, steps=steps, own=own, ranges=ranges)
            known = range_known(computation.extents())
            for term in computation.terms:
                _find(computation, term, known, looked, where)
        found += parts.values()
        found.append(rewritten(computation, partial(_replaced, parts)) if parts else computation)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What parts are looked for with; `parts` are those found. `own` are the computations of the cycle, `steps` its axes.

    `ranges`: axes whose ranges are data, with those that decide them; what depends on both has no box to be stored in.
    """

    shapes: dict[str, tuple[Extent, ...]]
    names: Names
    parts: dict[Expr, Computation]
    steps: frozenset[str]
    own: frozenset[str]
    ranges: Mapping[str, frozenset[str]]


def _find(
    computation: Computation,
    expr: Expr,
    known: Known,
    looked: Looked,
    guards: tuple[Expr, ...],
) -> None:
    """Collect the largest parts that may leave, from the outside in."""
    axes = (*computation.axes, *computation.reduced)
    used = free_axes(expr)
    if (
        isinstance(expr, (Call, Cast))
        and expr.dtype.is_float
        and used
        and used < {a.name for a in axes}
        and expr not in looked.parts
    ):
        inner = list(subexpressions(expr))
        costly = [e for e in inner if isinstance(e, Call) and e.function in COSTLY and free_axes(e)]
        reads = [e for e in inner if isinstance(e, Read)]
        mixed = any(axis in used and used & outer for axis, outer in looked.ranges.items())
        stays = mixed or (any(read.tensor in looked.own for read in reads) and (guards or not looked.steps <= used))
        if costly and not stays and all(_inside(r, looked.shapes[r.tensor], known) for r in reads):
            name = looked.names.fresh(f"{computation.name}_{costly[0].function}")
            own = tuple(axis for axis in axes if axis.name in used)
            looked.parts[expr] = Computation(
                name=name, axes=own, dtype=expr.dtype, body=expr, reduction=None, statement=computation.statement
            )
            looked.shapes[name] = tuple(axis.extent for axis in own)
            return
    inner_guards = (*guards, expr.condition) if isinstance(expr, Where) else guards
    for part in children(expr):
        _find(computation, part, known, looked, inner_guards)


def _inside(read: Read, shape: tuple[Extent, ...], known: Known) -> bool:
    return all(inside(s, n, known) for s, n in zip(read.subscripts, shape, strict=True))


def _replaced(parts: dict[Expr, Computation], expr: Expr) -> Expr:
    if expr in parts:
        part = parts[expr]
        subscripts = tuple(AxisValue(axis=axis.name) for axis in part.axes)
        return Read(tensor=part.name, subscripts=subscripts, dtype=part.dtype)
    inner = children(expr)
    return rebuild(expr, tuple(_replaced(parts, part) for part in inner)) if inner else expr
