# SPDX-License-Identifier: Apache-2.0
"""What a statement adds to one element, as the sum that it is.

Before:  out[seg[e], f] += x[e, f]   at s = 2, f = 1
After:   sum[e, f](x[e, f], where=(seg[e] == 2) & (f == 1))
Because: then everything that is said of sums is said of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from unrut.program.nodes import Call, Const, Expr, Reduce, ReduceKind, Statement
from unrut.program.types import DType


def added(statement: Statement, place: Mapping[str, int]) -> Reduce:
    """The sum of the terms that hit a place."""
    hit: Expr | None = None
    for subscript, k in zip(statement.subscripts, place.values(), strict=True):
        at = Const(value=k, dtype=DType.i64)
        same = Call(function="equal", arguments=(subscript, at), dtype=DType.bool)
        hit = same if hit is None else Call(function="bitwise_and", arguments=(hit, same), dtype=DType.bool)
    return Reduce(
        kind=ReduceKind.sum,
        axes=statement.axes,
        body=statement.body,
        dtype=statement.body.dtype,
        where=hit,
        span=statement.span,
    )
