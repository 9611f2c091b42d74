# SPDX-License-Identifier: Apache-2.0
"""Where each computed tensor lives, as the order of loops implies.

A tensor and its readers have their first loops in common. What is read of an earlier step of a loop outlives the step, so
it belongs to the loops around that one. Dimensions that the common loops go through place by place need no memory, those
that they go through in blocks need one block, the others their whole extent; of ordered axes only the steps that are
read again are kept (`windows`). What readers in other kernels need is in the
workspace; otherwise a small tensor of fixed size is in registers, a larger one in the worker's scratch.
"""

from __future__ import annotations

from dataclasses import dataclass

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.nest import Space
from unrut.emitter.schedule.plan import Entry, Plan, total_depth
from unrut.emitter.schedule.windows import window
from unrut.program.extents import Extent
from unrut.program.types import DType

REGISTER_BYTES = 2048  # 32 vectors of 64 bytes; above, the compiler would keep it on the stack anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """`depth`: loops in common with all readers. `dimensions`: axis and extent of what is left, outermost first.

    Of the axis `window` (empty for none) only the last places are kept: place p lies at p modulo the dimension's extent.
    """

    space: Space
    depth: int
    dimensions: tuple[tuple[str, Extent], ...]
    window: str = ""

    def shape(self) -> tuple[Extent, ...]:
        return tuple(extent for _, extent in self.dimensions)


def storage(graph: Graph, plan: Plan, name: str) -> Storage:
    """The storage of one computation of a graph whose inlined computations are gone."""
    computation, entry = graph.computation(name), plan.entry(name)
    if name in graph.program.results:
        whole = tuple((axis.name, axis.extent) for axis in computation.dims)
        return Storage(space=Space.result, depth=0, dimensions=whole)
    depth = min((_together(graph, plan, name, c) for c in graph.consumers(name)), default=0)
    left = {axis.name: axis.extent for axis in computation.dims}
    if computation.placement is None:
        left = left_open(computation, entry, depth)
    steps = window(graph, plan, computation, _carried(graph, plan, computation)) if graph.cycle_of(name) else None
    stepping = entry.loops[_carried(graph, plan, computation)].axis if steps is not None else ""
    if steps is not None:
        left[stepping] = Extent(constant=steps)
    order = entry.stored or tuple(axis.name for axis in computation.dims)
    dimensions = tuple((axis, left[axis]) for axis in order if axis in left)
    if depth == 0:
        return Storage(space=Space.workspace, depth=0, dimensions=dimensions, window=stepping)
    return Storage(space=near(computation.dtype, dimensions), depth=depth, dimensions=dimensions, window=stepping)


def total(graph: Graph, plan: Plan, name: str) -> Storage | None:
    """Where a reduction is accumulated whose loops share a loop over a reduced axis: from outside of that loop on, with all
    that is open there, lanes last. None if it has no such loop.
    """
    computation, entry = graph.computation(name), plan.entry(name)
    depth = total_depth(computation, entry)
    if depth is None:
        return None
    left = left_open(computation, entry, depth)
    order = sorted(left, key=lambda axis: axis == entry.lanes)
    dimensions = tuple((axis, left[axis]) for axis in order)
    return Storage(space=near(computation.body.dtype, dimensions), depth=depth, dimensions=dimensions)


def left_open(computation: Computation, entry: Entry, depth: int) -> dict[str, Extent]:
    """What the first loops of an entry leave open of its free axes: the whole extent, or that of a block."""
    left: dict[str, Extent] = {axis.name: axis.extent for axis in computation.axes}
    for loop in entry.loops[:depth]:
        if loop.block == 1:
            left.pop(loop.axis, None)
        elif loop.axis in left and not (left[loop.axis].is_fixed and left[loop.axis].value() <= loop.block):
            left[loop.axis] = Extent(constant=loop.block)
    return left


def near(dtype: DType, dimensions: tuple[tuple[str, Extent], ...]) -> Space:
    """Registers for what is small and of fixed size, else the worker's scratch."""
    size = dtype.size
    for _, extent in dimensions:
        size = size * extent.value() if extent.is_fixed and size else 0
    return Space.register if 0 < size <= REGISTER_BYTES else Space.scratch


def _carried(graph: Graph, plan: Plan, computation: Computation) -> int:
    """The outermost loop of a member of a cycle of which an earlier step is read within it."""
    name = computation.name
    loops = len(plan.entry(name).loops)
    levels = [(plan.common_depth(name, c.name), _together(graph, plan, name, c)) for c in graph.consumers(name)]
    return min((together for common, together in levels if together < common), default=loops)


def _together(graph: Graph, plan: Plan, name: str, consumer: Computation) -> int:
    """How many outermost loops a reader shares with a tensor and goes through at the same places."""
    depth = plan.common_depth(name, consumer.name)
    if graph.cycle_of(name) is None:
        return depth
    axes = [axis.name for axis in graph.computation(name).axes]
    reads = [access for access in accesses(consumer) if access.tensor == name]
    loops = zip(plan.entry(name).loops[:depth], plan.entry(consumer.name).loops[:depth], strict=True)
    for level, (ours, theirs) in enumerate(loops):
        if any(access.aligned(axes.index(ours.axis)) != theirs.axis for access in reads):
            return level
    return depth
