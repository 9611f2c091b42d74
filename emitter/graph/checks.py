# SPDX-License-Identifier: Apache-2.0
"""Checks of data: computations of one truth value, which a kernel looks at to say whether its operands have a meaning.

Before:  y[b, d] = E[idx[b], d]                       idx may hold anything
After:   E_outside = any[b](idx[b] < 0 | idx[b] >= n)    y[b, d] = E[min(max(idx[b], 0), n - 1), d]
Because: nothing may be read outside its operand, and nothing wrong may go unnoticed. A check reads what decides the places,
never what lies there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from unrut.emitter.graph.linear import axis_value, call, expression, extent_expr, number
from unrut.emitter.graph.ragged import owners
from unrut.emitter.graph.windows import at_ends
from unrut.program.extents import Extent
from unrut.program.nodes import Axis, Expr
from unrut.program.types import DType
from unrut.program.walk import free_axes, rename_axes
from unrut.spans import Span

WHOLE = 2**15  # places that one task goes through
CHUNK = 2**12  # places of a long line that one task goes through


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`computation` (bool, no axes) is True where data is invalid: what is `needed` of it, for the sake of `tensor`.

    An `early` one is looked at before anything runs but what it needs itself; the others at the end.
    """

    computation: str
    tensor: str
    needed: str
    remedy: str = ""
    early: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """`bad` somewhere over `axes` where all of `where` hold, each lazily after those before it.

    `outer` is looped over outside: there is one truth value for each of its places, and one for all of these.
    """

    bad: Expr
    where: tuple[Expr, ...]
    axes: tuple[Axis, ...]
    outer: Axis | None = None


def search(bad: Expr, where: tuple[Expr, ...], axes: tuple[Axis, ...]) -> Search | None:
    """Where to look for an invalid place: over the axes that are mentioned; None if some axis has no place at all."""
    conditional = frozenset[str]().union(*map(free_axes, where))
    bad = at_ends(bad, (axis for axis in axes if axis.name not in conditional))
    mentioned = free_axes(bad) | conditional
    for axis in axes:
        if axis.extent.is_fixed and axis.extent.value() <= 0:
            return None
        if axis.name not in mentioned and not axis.extent.is_fixed:
            some = call("greater", extent_expr(axis.extent), number(0), dtype=DType.bool)
            where = (some, *where)
    return _shared_out(Search(bad=bad, where=where, axes=tuple(a for a in axes if a.name in mentioned)))


def _shared_out(found: Search) -> Search:
    """A long search in parts that can run side by side."""
    axes = found.axes
    if not axes or (all(a.extent.is_fixed for a in axes) and prod(a.extent.value() for a in axes) <= WHOLE):
        return found
    if len(axes) > 1:
        inner = owners(found.where)  # what data bound is looked for inside of what decides the bounds
        free = [axis for axis in axes if axis.name not in inner] or list(axes)
        outer = max(free, key=lambda axis: axis.extent.value() if axis.extent.is_fixed else WHOLE)
        return Search(bad=found.bad, where=found.where, axes=tuple(a for a in axes if a is not outer), outer=outer)
    (line,) = axes
    part = Axis(name=f"{line.name}_part", extent=(line.extent + (CHUNK - 1)) // CHUNK)
    place = expression(axis_value(part.name) * CHUNK + axis_value(line.name))
    at: dict[str, Expr] = {line.name: place}
    inside = call("less", place, extent_expr(line.extent), dtype=DType.bool)
    return Search(
        bad=rename_axes(found.bad, at),
        where=(inside, *(rename_axes(w, at) for w in found.where)),
        axes=(Axis(name=line.name, extent=Extent(constant=CHUNK)),),
        outer=part,
    )
