# SPDX-License-Identifier: Apache-2.0
"""Which axes parts of complex expressions depend on, and what follows: what may be a statement of its own, and what is a
contraction.
"""

from __future__ import annotations

from unrut.program.affine import affine
from unrut.program.nodes import Axis, AxisValue, Call, Expr, Reduce
from unrut.program.walk import free_axes, reads


def holds_everywhere(expr: Expr, axes: tuple[Axis, ...]) -> bool:
    """Whether an expression may be evaluated at every place of its axes' extents: where a range comes from data, only if the
    axis stands alone in subscripts, since these are inside for all of its extent."""
    by_data = {axis.name for axis in axes if axis.start is not None or axis.stop is not None}
    if not by_data:
        return True
    subscripts = [s for read in reads(expr) if read.outside is None for s in read.subscripts]
    plain = (isinstance(s, AxisValue) or (affine(s) is not None and not free_axes(s) & by_data) for s in subscripts)
    return all(plain)


def is_contraction(expr: Reduce) -> bool:
    """Whether a sum is one of products of two complex factors that each have a free axis of their own.

    Only then are operands used again along rows, which is worth four sums; else two go over the operands once each.
    """
    match expr.body:
        case Call(function="multiply", arguments=(left, right)) if left.dtype.is_complex and right.dtype.is_complex:
            bound = {axis.name for axis in expr.axes}
            one, other = free_axes(left) - bound, free_axes(right) - bound
            return bool(one - other) and bool(other - one)
    return False
