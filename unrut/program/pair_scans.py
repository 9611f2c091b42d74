# SPDX-License-Identifier: Apache-2.0
"""Running products of complex numbers, as a recurrence of both parts.

Before:  y[i, t] = cumprod(z[i, t], along=t)
After:   p_re[i, t] = where(t - 1 >= 0, p_re[i, t - 1]*z_re[i, t] - p_im[i, t - 1]*z_im[i, t], z_re[i, t])
         p_im[i, t] = where(t - 1 >= 0, p_re[i, t - 1]*z_im[i, t] + p_im[i, t - 1]*z_re[i, t], z_im[i, t])
Because: each place is one product more than the one before, and a recurrence is scheduled like any other. The first place is
its own factor, exactly: 1 times an infinity would have a NaN in its other part. Where data give the range of t, places
outside it are 1, and the first is where it starts.
"""

from __future__ import annotations

from collections.abc import Callable

from unrut.program.nodes import Axis, AxisValue, Const, Expr
from unrut.program.pair_functions import Pair, call, choose, multiply
from unrut.program.ragged import both, within
from unrut.program.types import DType

Recur = Callable[[Callable[[Pair], Pair], tuple[Axis, ...], Axis, DType], Pair]
"""Make statements of two parts over some axes, of which one goes step by step. What is given makes them of what they are one
step before. Gives the reads of both."""


def step_before(axis: str) -> Expr:
    """The place before this one."""
    return call("subtract", AxisValue(axis=axis), Const(value=1, dtype=DType.i64), dtype=DType.i64)


def one_more(factor: Pair, before: Pair, line: Axis) -> Pair:
    """The product at one place, of that at the place before and the factor here."""
    earlier = step_before(line.name)
    goes_on = call("greater_equal", earlier, Const(value=0, dtype=DType.i64), dtype=DType.bool)
    if line.start is not None:
        started = call("less_equal", line.start, earlier, dtype=DType.bool)
        goes_on = call("bitwise_and", goes_on, started, dtype=DType.bool)
    ranges = within(line)
    found = []
    for product, first, nothing in zip(multiply(before, factor).both, factor.both, (1.0, 0.0), strict=True):
        here = choose(goes_on, product, first)
        found.append(choose(both(*ranges), here, Const(value=nothing, dtype=first.dtype)) if ranges else here)
    return Pair(re=found[0], im=found[1])
