# SPDX-License-Identifier: Apache-2.0
"""What is read of an operand, with its policy and its edges, laid out by the places that it is read at.

Before:  V[n, d, y, x] = sum[c, ky, kx](where(0 <= y + ky - 1 < H & ..., X[n, c, y + ky - 1, x + kx - 1], 0) * W[d, c, ky, kx])
         slab V: X_slab = X
After:   X_slab[n, c, d2, d3] = where(0 <= d2 - 1 < H & ..., X[n, c, d2 - 1, d3 - 1], 0)
         V[n, d, y, x] = sum[c, ky, kx](X_slab[n, c, y + ky, x + kx] * W[d, c, ky, kx])
Because: conditions, conversions and scattered memory are met once for each element, not once for each term.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.linear import Linear, axis_value, constant, expression, linear
from unrut.emitter.graph.ranges import bounds, range_known
from unrut.emitter.graph.shrink import rewritten
from unrut.emitter.schedule.plan import Plan, Slab
from unrut.program.nodes import Axis, AxisValue, Call, Expr, Read, Where
from unrut.program.types import DType
from unrut.program.walk import children, free_axes, reads, rebuild, subexpressions


def slabbed(graph: Graph, plan: Plan) -> Graph:
    """The graph with the slabs of a plan, which are legal, each before the computation that reads it."""
    found = list(graph.computations)
    for each in plan.slabs:
        at = next(k for k, c in enumerate(found) if c.name == each.computation)
        made = with_slab(replace(graph, computations=tuple(found)), found[at], each)
        assert made is not None
        found[at : at + 1] = made
    return replace(graph, computations=tuple(found))


def with_slab(graph: Graph, computation: Computation, slab: Slab) -> tuple[Computation, Computation] | None:
    """The slab and its reader; None if what is read depends on more than a few sums of axes, or on run-time sizes."""
    part = slab_part(computation, slab.tensor)
    if part is None:
        return None
    known = range_known(computation.extents())
    forms = list(dict.fromkeys(_form(e) for e in _sums(part)))
    axes, values, places = list[Axis](), dict[Linear, Linear](), list[Expr]()
    for form in forms:
        low, high = bounds(form, known)
        if low is None or high is None or not low.is_fixed or not high.is_fixed:
            return None
        bare = [atom.axis for c, atom in form.terms if c == 1 and isinstance(atom, AxisValue)]
        name = bare[0] if len(form.terms) == 1 and bare else f"d{len(axes)}"
        while name in {axis.name for axis in axes} or (not bare and name in computation.extents()):
            name += "_"
        axes.append(Axis(name=name, extent=high - low + 1))
        values[form] = axis_value(name) + constant(low)
        places.append(expression(form - constant(low)))
    body = _over(part, values)
    if free_axes(body) - {axis.name for axis in axes} or not axes:
        return None
    own = Computation(
        name=slab.name,
        axes=tuple(axes),
        dtype=part.dtype,
        body=body,
        reduction=None,
        statement=slab.tensor if slab.tensor in {o.name for o in graph.program.operands} else computation.statement,
    )
    read = Read(tensor=slab.name, subscripts=tuple(places), dtype=part.dtype)
    return own, rewritten(computation, lambda expr: _reread(expr, part, read))


def slab_part(computation: Computation, tensor: str) -> Expr | None:
    """The largest part of a body that is one read of a tensor with what is done to it; None if there is not just one."""
    found = list(dict.fromkeys(_parts(computation.body, tensor)))
    return found[0] if len(found) == 1 else None


def _parts(expr: Expr, tensor: str) -> Iterator[Expr]:
    own = set(reads(expr))
    if len(own) == 1 and (read := next(iter(own))).tensor == tensor and free_axes(expr) == free_axes(read):
        yield expr
    elif not isinstance(expr, Read):
        for inner in children(expr):
            yield from _parts(inner, tensor)


def _sums(expr: Expr) -> Iterator[Expr]:
    """The largest sums of axes in index arithmetic, from the read's subscripts first."""
    for read in reads(expr):
        for subscript in read.subscripts:
            yield from _within(subscript)
    for part in subexpressions(expr):
        if isinstance(part, Call) and part.dtype is DType.bool:
            for side in part.arguments:
                if side.dtype is DType.i64:
                    yield from _within(side)


def _within(expr: Expr) -> Iterator[Expr]:
    if not free_axes(expr):
        return
    descend = isinstance(expr, Call) and expr.function in ("minimum", "maximum", "remainder")
    if descend or isinstance(expr, Where | Read):
        for part in children(expr):
            yield from _within(part) if part.dtype is DType.i64 else ()
    elif isinstance(expr, Call) and any(_holds_choices(part) for part in children(expr)):
        for part in children(expr):
            yield from _within(part)
    else:
        yield expr


def _holds_choices(expr: Expr) -> bool:
    chosen = ("minimum", "maximum")
    return any(
        isinstance(part, Where | Read) or (isinstance(part, Call) and part.function in chosen)
        for part in subexpressions(expr)
    )


def _form(expr: Expr) -> Linear:
    """A sum of axes without its constant."""
    form = linear(expr)
    return Linear(terms=form.terms)


def _over(expr: Expr, values: dict[Linear, Linear]) -> Expr:
    """The part with its sums of axes as places of the slab."""
    if expr.dtype is DType.i64 and free_axes(expr):
        form = linear(expr)
        key = Linear(terms=form.terms)
        if key in values:
            return expression(values[key] + Linear(constant=form.constant))
    parts = tuple(_over(part, values) for part in children(expr))
    return rebuild(expr, parts) if parts else expr


def _reread(expr: Expr, part: Expr, read: Read) -> Expr:
    if expr == part:
        return read
    inner = tuple(_reread(each, part, read) for each in children(expr))
    return rebuild(expr, inner) if inner else expr
