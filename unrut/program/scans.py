# SPDX-License-Identifier: Apache-2.0
"""Scans: functions along an axis that are a reduction over all places up to each one.

cumsum(e[t], along=t)  =  sum[s](e[s], where=s <= t)
"""

from __future__ import annotations

from unrut.program.nodes import Along, AlongKind, Axis, AxisValue, Call, Reduce, ReduceKind
from unrut.program.promotion import Kind, accumulator, exponential
from unrut.program.types import DType
from unrut.program.walk import rename_axes

SCANS = {
    AlongKind.cumsum: ReduceKind.sum,
    AlongKind.cumprod: ReduceKind.prod,
    AlongKind.cummax: ReduceKind.max,
    AlongKind.cummin: ReduceKind.min,
}
"""The reduction that each of them goes on with."""


def kind_along(kind: AlongKind, body: Kind) -> Kind | None:
    """What a function along an axis computes in, and gives; None where it has no meaning for the body's dtype."""
    if kind not in SCANS:
        return exponential(body)
    return accumulator(SCANS[kind], body)


def as_reduction(expr: Along, name: str) -> Reduce:
    """A scan at one place as a reduction over an axis of this name."""
    axis = Axis(name=name, extent=expr.axis.extent, start=expr.axis.start, stop=expr.axis.stop)
    earlier = (AxisValue(axis=name), AxisValue(axis=expr.axis.name))
    return Reduce(
        kind=SCANS[expr.kind],
        axes=(axis,),
        body=rename_axes(expr.body, {expr.axis.name: AxisValue(axis=name)}),
        dtype=expr.dtype,
        where=Call(function="less_equal", arguments=earlier, dtype=DType.bool),
        span=expr.span,
    )
