# SPDX-License-Identifier: Apache-2.0
"""What is bound and what holds where an expression of a Program stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from unrut.emitter.graph.ranges import Bound, Known, range_known
from unrut.emitter.graph.rows import Rows
from unrut.program.nodes import Axis, AxisValue, Expr
from unrut.program.walk import free_axes, rename_axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Axes that are bound where an expression stands, in order from the outside, and the conditions that hold there.

    `asked` are the conditions under which somebody asks for the value: those that hold, and those that hold at some place
    of a line that is computed whole. Their axes are among `axes` and `witnesses`. `rows` are the axes whose ranges are data.
    """

    axes: tuple[Axis, ...]
    guards: tuple[Expr, ...] = ()
    asked: tuple[Expr, ...] = ()
    witnesses: tuple[Axis, ...] = ()
    rows: Rows = field(default_factory=dict)

    def under(self, *conditions: Expr) -> Scope:
        return replace(self, guards=(*self.guards, *conditions), asked=(*self.asked, *conditions))

    def around(self, line: Axis, witness: str) -> Scope:
        """The scope of what is computed for a whole line along one of the axes."""
        elsewhere: dict[str, Expr] = {line.name: AxisValue(axis=witness)}
        return Scope(
            axes=tuple(axis for axis in self.axes if axis.name != line.name),
            guards=tuple(guard for guard in self.guards if line.name not in free_axes(guard)),
            asked=tuple(rename_axes(condition, elsewhere) for condition in self.asked),
            witnesses=(*self.witnesses, replace(line, name=witness)),
            rows=self.rows,
        )

    def within(self, *axes: Axis) -> Scope:
        return replace(self, axes=(*self.axes, *axes))

    def known(self, elements: Mapping[str, tuple[Bound, Bound]]) -> Known:
        """What is known in this scope; `elements` are the ranges of integer tensors."""
        known = replace(range_known({axis.name: axis.extent for axis in self.axes}), elements=elements)
        for guard in self.guards:
            known = known.given(guard)
        return known
