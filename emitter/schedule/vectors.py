# SPDX-License-Identifier: Apache-2.0
"""Axes that are gone through as one, and those of them that are cut into vectors: what each one's place is then.

q = merged y x i:           y = q // (X*I)    x = q // I % X    i = q % I
q, l = vectors of 16 of co, j, with j of 4:   l = 4*l1 + l2,    co = 4*q + l1,    j = l2
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from unrut.emitter.graph.linear import call, number
from unrut.emitter.graph.ranges import Known
from unrut.emitter.graph.simplify import simplify
from unrut.program.extents import Extent
from unrut.program.nodes import Axis, AxisValue, Expr
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """`axes` are what is looped over in place of the old ones, `values` what the old ones are; where `where` holds, for at
    the end of the last vector are places that none of the old ones have. `last` is the lane among vectors, in `parts`.
    """

    axes: tuple[Axis, ...]
    values: dict[str, Expr]
    where: tuple[Expr, ...] = ()
    lane: Expr | None = None


def merged_places(axis: str, of: tuple[Axis, ...]) -> Split:
    """Axes as one, the last of them fastest."""
    sizes = [axis.extent.value() for axis in of]
    values = _decoded(AxisValue(axis=axis), of)
    return Split(axes=(Axis(name=axis, extent=Extent(constant=prod(sizes))),), values=values)


def vector_places(axis: str, lane: str, of: tuple[Axis, ...], lanes: int, *, in_runs: bool) -> Split:
    """Axes as vectors and lanes. `in_runs`: lanes are cut up by the inner axes, as long as these divide them."""
    total = prod(axis.extent.value() for axis in of)
    vectors = Axis(name=axis, extent=Extent(constant=-(-total // lanes)))
    whole = total % lanes == 0
    inner, width, left = list[Axis](), lanes, list(of)
    values: dict[str, Expr] = {}
    while in_runs and len(left) > 1 and width % left[-1].extent.value() == 0 and left[-1].extent.value() < width:
        last = left.pop()
        part = Axis(name=f"{lane}{len(inner) + 2}", extent=last.extent)
        inner.insert(0, part)
        values[last.name] = AxisValue(axis=part.name)
        width //= last.extent.value()
    first = Axis(name=f"{lane}1" if inner else lane, extent=Extent(constant=width))
    parts = (first, *inner)
    flat: Expr = number(0)
    for part in parts:
        flat = _plus(_times(flat, part.extent.value()), AxisValue(axis=part.name))
    values |= _along(AxisValue(axis=axis), AxisValue(axis=first.name), width, tuple(left))
    outer = values[of[0].name]
    within = call("less", outer, number(of[0].extent.value()), dtype=DType.bool)
    return Split(axes=(vectors, *parts), values=values, where=() if whole else (within,), lane=simplify(flat, Known()))


def _along(vector: Expr, lane: Expr, width: int, of: tuple[Axis, ...]) -> dict[str, Expr]:
    """What axes are at a lane of a vector: the innermost stays linear in the lane where it holds whole vectors."""
    size = of[-1].extent.value()
    if len(of) == 1:
        return {of[0].name: _plus(_times(vector, width), lane)}
    if size % width == 0:
        many = size // width
        inside = vector if many == 1 else call("remainder", vector, number(many))
        own: Expr = lane if many == 1 else _plus(_times(inside, width), lane)
        return {of[-1].name: own, **_decoded(call("floor_divide", vector, number(many)), of[:-1])}
    return _decoded(_plus(_times(vector, width), lane), of)


def _decoded(flat: Expr, of: tuple[Axis, ...]) -> dict[str, Expr]:
    """What axes are at a place of all of them. The first one may run on beyond its extent."""
    values: dict[str, Expr] = {}
    below = 1
    for k in reversed(range(len(of))):
        place = flat if below == 1 else call("floor_divide", flat, number(below))
        size = of[k].extent.value()
        values[of[k].name] = place if k == 0 else number(0) if size == 1 else call("remainder", place, number(size))
        below *= size
    return values


def _times(expr: Expr, factor: int) -> Expr:
    if expr == number(0) or factor == 0:
        return number(0)
    return expr if factor == 1 else call("multiply", number(factor), expr)


def _plus(one: Expr, other: Expr) -> Expr:
    return other if one == number(0) else call("add", one, other)
