# SPDX-License-Identifier: Apache-2.0
"""Which operands of a contraction are read through a slab, and around which loops it is made.

A slab is worth its copy where rows are read under conditions, or converted, for each term anew; or where they are read
several times, from an operand larger than half of the second cache, in short runs: then memory is met once, in order.
A slab is made inside the loops over outer rows that it has bare, if enough tasks remain and it stays in the second cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.linear import axis_value, constant, linear
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.ranges import at_least_zero
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import number_of, places
from unrut.emitter.schedule.plan import Slab
from unrut.emitter.schedule.slabs import slab_part, with_slab
from unrut.program.nodes import Read
from unrut.program.walk import free_axes

MOVED = 0.25  # cycles for an element of a slab
AGAIN = 1.5  # how often an element is to be read, so that its copy is worth it
RUN = 256  # bytes in a row that hardware fetches ahead by itself
GROWN = 2.0  # a slab larger than its operand by this factor is mostly places that nobody reads
TASKS_PER_CORE, LEAST_ROWS = 4, 32


def slabs_for(
    graph: Graph,
    computation: Computation,
    rows: tuple[str, ...],
    layouts: Mapping[str, Layout],
    machine: Machine,
    given: Names,
) -> tuple[list[tuple[Slab, float]], Computation, tuple[str, ...]]:
    """The slabs with the cycles that they cost, the computation that reads them, and the outer rows that they are made in.

    A mere copy is worth it only where it is made in parts that stay near.
    """
    several = _slabs(graph, computation, rows, layouts, machine, given, copies=True)
    if several[2]:
        return several
    return _slabs(graph, computation, rows, layouts, machine, given, copies=False)


def _slabs(
    graph: Graph,
    computation: Computation,
    rows: tuple[str, ...],
    layouts: Mapping[str, Layout],
    machine: Machine,
    given: Names,
    *,
    copies: bool,
) -> tuple[list[tuple[Slab, float]], Computation, tuple[str, ...]]:
    found: list[tuple[Slab, float]] = []
    made: list[Computation] = []
    for tensor in dict.fromkeys(read.tensor for read in computation.reads()):
        part = slab_part(computation, tensor)
        if part is None or not free_axes(part) & set(rows):
            continue
        slab = Slab(computation=computation.name, name=f"{tensor}_slab", tensor=tensor)
        pair = with_slab(graph, computation, slab)
        if pair is None or not _inside(graph, pair[0]):
            continue
        elements, read = places(pair[0].shape), places(computation.extents()[a] for a in free_axes(part))
        grown = elements > GROWN * places(graph.shape_of(tensor))
        plain = part if isinstance(part, Read) else None
        large = places(graph.shape_of(tensor)) * part.dtype.size > machine.l2 // 2
        scattered = plain is not None and copies and large and _in_short_runs(plain, computation, layouts)
        if grown or read < AGAIN * elements or (plain is not None and not scattered):
            continue
        slab = Slab(computation=computation.name, name=_named(given, slab.name), tensor=tensor)
        pair = with_slab(graph, computation, slab)
        assert pair is not None
        made.append(pair[0])
        computation = pair[1]
        found.append((slab, elements * MOVED))
    return found, computation, _outer(computation, made, rows, machine)


def _outer(
    computation: Computation, made: list[Computation], rows: tuple[str, ...], machine: Machine
) -> tuple[str, ...]:
    """The outermost rows that all slabs have bare; none if too few tasks would remain, or the slabs would not fit."""
    extents = {name: number_of(extent) for name, extent in computation.extents().items()}
    own = {c.name: c for c in made}
    found: list[str] = []
    for axis in rows:
        bare = all(
            own[read.tensor].axes[d].name == axis
            for read in computation.reads()
            if read.tensor in own
            for d, subscript in enumerate(read.subscripts)
            if axis in free_axes(subscript) and linear(subscript) == axis_value(axis)
        )
        everywhere = all(axis in {a.name for a in c.axes} for c in made)
        left = prod(extents[a] for a in rows if a not in (*found, axis))
        if not made or not bare or not everywhere or left < LEAST_ROWS:
            break
        found.append(axis)
        if prod(extents[a] for a in found) >= TASKS_PER_CORE * machine.cores:
            break
    size = sum(prod(number_of(a.extent) for a in c.axes if a.name not in found) * c.dtype.size for c in made)
    enough = prod(extents[a] for a in found) >= TASKS_PER_CORE * machine.cores
    return tuple(found) if enough and size <= machine.l2 else ()


def _named(given: Names, stem: str) -> str:
    """A name that is free, and stays so for another try."""
    name = given.fresh(stem)
    given.taken.discard(name)
    return name


def _inside(graph: Graph, slab: Computation) -> bool:
    return all(
        at_least_zero(form, access.known) and at_least_zero(constant(extent - 1) - form, access.known)
        for access in accesses(slab)
        for form, extent in zip(access.subscripts, graph.shape_of(access.tensor), strict=True)
    )


def _in_short_runs(part: Read, computation: Computation, layouts: Mapping[str, Layout]) -> bool:
    """Whether neighbours along the reduction soon cease to be neighbours in memory."""
    layout = layouts.get(part.tensor)
    if layout is None or not layout.aligned:
        return False
    steps: dict[str, int] = {}
    for subscript, stride in zip(part.subscripts, layout.strides, strict=True):
        for axis in free_axes(subscript):
            steps[axis] = steps.get(axis, 0) + linear(subscript).coefficient(axis) * (stride or 0)
    run = 1
    for axis in sorted((a.name for a in computation.reduced), key=lambda a: steps.get(a, 0)):
        if steps.get(axis) == run:
            run *= number_of(computation.extents()[axis])
    return run * part.dtype.size < RUN
