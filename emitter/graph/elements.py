# SPDX-License-Identifier: Apache-2.0
"""What is known of the elements of an integer tensor: a range that all of them are in.

argmax, argmin over axes      0 .. places - 1             (0 where there is none)
sum of what is in 0 .. m      0 .. m * places             (a count: m = 1)
max, min                      what the terms are in, and `initial`
pointwise                     what its body is in: `%`, minimum, maximum, choices, numbers, axes, other such tensors
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce

from unrut.emitter.graph.computation import Computation
from unrut.emitter.graph.linear import linear
from unrut.emitter.graph.ranges import LARGEST_INDEX, Bound, bounds, range_known
from unrut.program.extents import Extent, least, most, provably_le
from unrut.program.nodes import Expr, ReduceKind
from unrut.program.types import DType


def element_bounds(computation: Computation, elements: Mapping[str, tuple[Bound, Bound]]) -> tuple[Bound, Bound]:
    """The least and the largest that an element can be, each None where it is not known."""
    known = replace(range_known(computation.extents()), elements=elements)

    def of(expr: Expr) -> tuple[Bound, Bound]:
        return bounds(linear(expr), known)

    reduction = computation.reduction
    if reduction is None:
        return of(computation.body)
    none = Extent()
    places = reduce(lambda n, axis: n * most(none, axis.extent), reduction.axes, Extent(constant=1))
    match reduction.kind:
        case ReduceKind.argmax | ReduceKind.argmin | ReduceKind.arg_kth_smallest:
            return none, most(none, places - 1)
        case ReduceKind.sum if reduction.initial is None:
            low, high = of(computation.body)
            whole = low is not None and high is not None and provably_le(none, low) and (places * high).is_fixed
            if (
                whole
                and computation.dtype is DType.i64
                and high is not None
                and (places * high).value() <= LARGEST_INDEX
            ):
                return none, places * high
            return None, None
        case ReduceKind.max | ReduceKind.min if reduction.initial is not None:
            (a, b), (c, d) = of(computation.body), of(reduction.initial)
            low = None if a is None or c is None else least(a, c)
            return low, (None if b is None or d is None else most(b, d))
        case _:
            return None, None
