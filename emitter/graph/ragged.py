# SPDX-License-Identifier: Apache-2.0
"""Ranges by data as conditions on whole extents.

Before:  out[i, f] = sum[e](X[e, f])                 axis e: ptr[i] .. ptr[i + 1]
After:   out[i, f] = sum[e](X[e, f], where=e >= clamp(ptr[i]), where=e < clamp(ptr[i + 1]))      e in 0 .. extent
Because: conditions are turned into loop bounds by lowering, whoever wrote them; what is clamped into [0, extent] is safe
index arithmetic, whatever the data are, and says the same of every place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from unrut.emitter.graph.linear import call, linear, number
from unrut.emitter.graph.ranges import difference, is_data
from unrut.emitter.graph.spoken import INNER, Spoken
from unrut.program.nodes import Axis, AxisValue, Const, Expr, Statement, Where
from unrut.program.ragged import end_of, extent_of, first_of
from unrut.program.ragged import owners as owners_of
from unrut.program.show import Printer
from unrut.program.types import DType
from unrut.program.walk import free_axes, rename_axes

_FALSE = Const(value=False, dtype=DType.bool)


def inside_extent(axis: Axis) -> Axis:
    """The axis with bounds that lie within [0, extent]."""

    def clamp(end: Expr) -> Expr:
        return call("minimum", call("maximum", end, number(0)), extent_of(axis))

    return replace(
        axis,
        start=None if axis.start is None else clamp(axis.start),
        stop=None if axis.stop is None else clamp(axis.stop),
    )


def disorder(spoken: Spoken, axis: Axis) -> dict[str, Any]:
    """What a check of a range says in the user's notation: what is needed, what helps, and where it stands."""
    ends = (spoken.text(first_of(axis), INNER), "" if axis.stop is None else spoken.text(axis.stop, INNER))
    parts = dict.fromkeys(("0", *(end for end in ends if end), Printer(spoken.lowered).extent(axis.extent)))
    spans = [end.span for end in (axis.start, axis.stop) if end is not None]
    return {
        "tensor": axis.name,
        "needed": f"{' <= '.join(parts)}, the range of axis {axis.name}",
        "remedy": "offsets in order",
        "span": next((span for span in spans if span is not None), None),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A condition over `axes` that holds where one row of a range reaches into the next one."""

    bad: Expr
    axes: frozenset[str]


def overlaps(spoken: Spoken, statement: Statement) -> Iterator[tuple[str, Overlap, dict[str, Any]]]:
    """For each range by data of a statement that covers: where its rows overlap, and what a check says of it."""
    left = {s.axis for s in statement.subscripts if isinstance(s, AxisValue)}
    axes = {axis.name: axis for axis in statement.axes}
    printer = Printer(spoken.lowered)
    for axis in statement.axes:
        for owner in sorted(owners_of(axis) - left):
            value = AxisValue(axis=owner)
            after = call("add", value, number(1))
            following = rename_axes(first_of(axis), {owner: after})
            if linear(following) == linear(end_of(axis)):
                continue  # rows that begin where the one before ends
            reaches = call("greater", end_of(axis), following, dtype=DType.bool)
            last = call("less", after, extent_of(axes[owner]), dtype=DType.bool)
            bad = Where(condition=last, then=reaches, otherwise=_FALSE, dtype=DType.bool)
            stop = printer.extent(axis.extent) if axis.stop is None else spoken.text(axis.stop, INNER)
            said = f"{stop} <= {printer.expr(following, INNER)}: rows of axis {axis.name} that don't overlap"
            yield axis.name, Overlap(bad=bad, axes=owners_of(axis)), disorder(spoken, axis) | {"needed": said}


def owners(conditions: Sequence[Expr]) -> dict[str, frozenset[str]]:
    """The axes whose ranges conditions take from data, each with the axes that decide where it begins and ends.

    `e >= clamp(ptr[i])` bounds a loop over e inside of one over i, and nothing if e runs outside of i.
    """
    found: dict[str, frozenset[str]] = {}
    for condition in conditions:
        match difference(condition):
            case (">=", form):
                data = [atom for _, atom in form.terms if is_data(atom)]
                deciding = frozenset[str]().union(*map(free_axes, data))
                for c, atom in form.terms:
                    if data and isinstance(atom, AxisValue) and abs(c) == 1 and atom.axis not in deciding:
                        found[atom.axis] = found.get(atom.axis, frozenset()) | deciding
            case _:
                pass
    return found
