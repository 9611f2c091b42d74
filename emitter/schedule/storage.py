# SPDX-License-Identifier: Apache-2.0
"""Where each computed tensor lives, as the order of loops implies.

A tensor and its readers have their first loops in common. Dimensions that these loops go through place by place need no
memory, those that they go through in blocks need one block, the others their whole extent. What readers in other kernels
need is in the workspace; otherwise a small tensor of fixed size is in registers, a larger one in the worker's scratch.
"""

from __future__ import annotations

from dataclasses import dataclass

from unrut.emitter.graph.computation import Graph
from unrut.emitter.nest import Space
from unrut.emitter.schedule.plan import Plan
from unrut.program.extents import Extent

REGISTER_BYTES = 2048  # 32 vectors of 64 bytes; above, the compiler would keep it on the stack anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """`depth`: loops in common with all readers. `dimensions`: axis and extent of what is left, outermost first."""

    space: Space
    depth: int
    dimensions: tuple[tuple[str, Extent], ...]

    def shape(self) -> tuple[Extent, ...]:
        return tuple(extent for _, extent in self.dimensions)


def storage(graph: Graph, plan: Plan, name: str) -> Storage:
    """The storage of one computation of a graph whose inlined computations are gone."""
    computation, entry = graph.computation(name), plan.entry(name)
    if name in graph.program.results:
        whole = tuple((axis.name, axis.extent) for axis in computation.axes)
        return Storage(space=Space.result, depth=0, dimensions=whole)
    depth = min((plan.common_depth(name, c.name) for c in graph.consumers(name)), default=0)
    left: dict[str, Extent] = {axis.name: axis.extent for axis in computation.axes}
    for loop in entry.loops[:depth]:
        if loop.block == 1:
            left.pop(loop.axis, None)
        elif not left[loop.axis].is_fixed or left[loop.axis].value() > loop.block:
            left[loop.axis] = Extent(constant=loop.block)
    order = entry.stored or tuple(axis.name for axis in computation.axes)
    dimensions = tuple((axis, left[axis]) for axis in order if axis in left)
    if depth == 0:
        return Storage(space=Space.workspace, depth=0, dimensions=dimensions)
    size = computation.dtype.size
    for _, extent in dimensions:
        size = size * extent.value() if extent.is_fixed and size else 0
    small = 0 < size <= REGISTER_BYTES
    return Storage(space=Space.register if small else Space.scratch, depth=depth, dimensions=dimensions)
