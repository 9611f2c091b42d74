# SPDX-License-Identifier: Apache-2.0
"""What the planner reckons with: operations of an expression, sizes of domains, strides of accesses. Units: vector operations.

Sizes known only at run time are taken as TYPICAL; the plan is legal for all sizes, and good for sizes of that order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from unrut.emitter.graph.access import Access, accesses
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine
from unrut.program.extents import Extent, evaluate, names
from unrut.program.nodes import Call, Expr, Read
from unrut.program.walk import children, free_axes, subexpressions

TYPICAL = 128

HEAVY = {
    **dict.fromkeys(("divide", "sqrt", "reciprocal", "floor_divide", "remainder", "hypot", "cbrt"), 4.0),
    **dict.fromkeys("exp exp2 expm1 log log2 log10 log1p sin cos tanh sinh cosh erf".split(), 16.0),
    **dict.fromkeys("tan arcsin arccos arctan arcsinh arccosh arctanh arctan2 power logaddexp".split(), 30.0),
}  # fmt: skip

# Moving a vector between registers and a near cache, per kind of access; a gather costs its lanes.
UNIT, REVERSED, BROADCAST, GATHER_PER_LANE, TREE = 1.0, 1.5, 0.3, 0.7, 12.0


def work(expr: Expr) -> float:
    """Operations of one evaluation; index arithmetic inside of reads is free."""
    if isinstance(expr, Read):
        return 0.0
    own = HEAVY.get(expr.function, 1.0) if isinstance(expr, Call) else 0.0
    return own + sum(work(part) for part in children(expr))


def number_of(extent: Extent) -> int:
    """An extent as a number, at least 1."""
    return max(1, evaluate(extent, dict.fromkeys(names(extent), TYPICAL)))


def places(extents: Iterable[Extent]) -> int:
    """How many places a domain has."""
    return prod(number_of(e) for e in extents)


def iterations(computation: Computation) -> int:
    """How often the body is evaluated."""
    return places(computation.extents().values())


class Strides:
    """Strides of accesses along axes, as far as layouts tell. Intermediates count as stored to suit their readers."""

    def __init__(self, graph: Graph, layouts: Mapping[str, Layout]) -> None:
        self.graph = graph
        self.layouts = layouts

    def along(self, access: Access, axis: str) -> int | None:
        """Elements between neighbours along an axis; 0 where it plays no part; None: far, or not known."""
        total: int | None = 0
        layout = self.layouts.get(access.tensor)
        involved = [d for d, form in enumerate(access.subscripts) if axis in form.axes()]
        for d in involved:
            form = access.subscripts[d]
            coefficient = form.coefficient(axis)
            if coefficient == 0 or axis in form.without(axis).axes():
                return None
            if layout is None:
                step: int | None = 1 if len(involved) == 1 else None
            else:
                step = layout.strides[d] if layout.aligned else None
            total = None if step is None or total is None else total + coefficient * step
        return total

    def cost(self, access: Access, axis: str, lanes: int) -> float:
        """The cost of one vector of an access with lanes along an axis."""
        step = self.along(access, axis)
        if step == 0:
            return BROADCAST
        if step == 1:
            return UNIT
        return REVERSED if step == -1 else GATHER_PER_LANE * lanes


def lane_cost(
    computation: Computation, axis: str | None, strides: Strides, machine: Machine, *, stored_free: bool
) -> float:
    """The cost of a computation with lanes along an axis (None: no lanes), in vector operations.

    `stored_free`: its tensor is an intermediate, whose dimensions may be ordered to suit.
    """
    found = accesses(computation)
    operations = work(computation.body) + (1.0 if computation.reduction is not None else 0.0)
    total, results = iterations(computation), places(computation.shape)
    if axis is None:
        return total * (operations + UNIT * len(found)) + results * UNIT
    lanes = machine.lanes(computation.body.dtype.size)
    extent = number_of(computation.extents()[axis])
    vectors = total / extent * -(-extent // lanes)
    each = operations + sum(strides.cost(access, axis, lanes) for access in found)
    if computation.reduction is not None:
        conditions = computation.reduction.where
        each += lanes * sum(1 for w in conditions if _has_remainder(w, axis))
    if any(axis == reduced.name for reduced in computation.reduced):
        return vectors * each + results * TREE
    last = bool(computation.axes) and computation.axes[-1].name == axis
    write = UNIT if stored_free or last else GATHER_PER_LANE * lanes
    return vectors * each + results / extent * -(-extent // lanes) * write


def _has_remainder(expr: Expr, axis: str) -> bool:
    parts = (e for e in subexpressions(expr) if isinstance(e, Call) and e.function == "remainder")
    return any(axis in free_axes(part) for part in parts)
