# SPDX-License-Identifier: Apache-2.0
"""logsumexp as other reductions: `m + log(sum(exp(e - m)))` with m = max(e) where that is finite, else 0.

So an empty range or all -inf give -inf, +inf gives +inf, NaN stays, and nothing overflows.
Source: Blanchard, Higham, Higham 2021, "Accurately computing the log-sum-exp".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from unrut.emitter.graph.linear import call
from unrut.program.nodes import Call, Const, Expr, Reduce, ReduceKind, Where
from unrut.program.types import DType


def logsumexp(expr: Reduce, reduced: Callable[[Reduce], Expr]) -> Expr:
    """The value of a logsumexp; `reduced` gives that of a reduction of another kind."""
    top = reduced(replace(expr, kind=ReduceKind.max))
    finite = Call(function="isfinite", arguments=(top,), dtype=DType.bool)
    zero = Const(value=0.0, dtype=expr.dtype)
    shift = Where(condition=finite, then=top, otherwise=zero, dtype=expr.dtype)

    def shifted(value: Expr) -> Expr:
        return call("exp", call("subtract", value, shift, dtype=expr.dtype), dtype=expr.dtype)

    first = None if expr.initial is None else shifted(expr.initial)
    total = replace(expr, kind=ReduceKind.sum, body=shifted(expr.body), initial=first)
    return call("add", shift, call("log", reduced(total), dtype=expr.dtype), dtype=expr.dtype)
