# SPDX-License-Identifier: Apache-2.0
"""Scans as recurrences.

Before:  y[i, t] = cumsum(x[i, t], along=t)/2
After:   y_cumsum[i, t] = where(t - 1 >= 0, y_cumsum[i, t - 1], 0) + x[i, t]        y[i, t] = y_cumsum[i, t]/2
Because: a recurrence is scheduled like any other: step by step along t, its other axes as tasks and lanes.
The identity stands before the range, so the first place is its own term, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

from unrut.emitter.graph.laws import identity, law
from unrut.emitter.graph.linear import axis_value, call, constant, expression, number
from unrut.program.nodes import Along, Axis, AxisValue, Expr, Read, Where
from unrut.program.ragged import both, within
from unrut.program.scans import SCANS
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What goes on along one axis: the axis, its function, and what stands before the first place."""

    line: Axis
    function: str
    start: Expr

    def goes_on(self, term: Expr, name: str, axes: tuple[Axis, ...]) -> Expr:
        """The body of the computation `name` over these axes: what was there one place before, combined with the term."""
        before = tuple(
            expression(axis_value(a.name) - constant(1)) if a.name == self.line.name else AxisValue(axis=a.name)
            for a in axes
        )
        previous = Read(tensor=name, subscripts=before, dtype=term.dtype)
        place = expression(axis_value(self.line.name) - constant(1))
        test = call("greater_equal", place, number(0), dtype=DType.bool)
        so_far = Where(condition=test, then=previous, otherwise=self.start, dtype=term.dtype)
        return call(self.function, so_far, term, dtype=term.dtype)


def scan_of(expr: Along) -> Scan:
    """The scan of a function along an axis that is one."""
    kind = SCANS[expr.kind]
    return Scan(line=expr.axis, function=law(kind).combine, start=identity(kind, expr.dtype))


def in_range(expr: Along, term: Expr) -> Expr:
    """The term of a scan; where data give the line's range, the identity outside of it."""
    ranges = within(expr.axis)
    if not ranges:
        return term
    return Where(condition=both(*ranges), then=term, otherwise=scan_of(expr).start, dtype=term.dtype)
