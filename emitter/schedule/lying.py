# SPDX-License-Identifier: Apache-2.0
"""Whether what columns are read from lies well as it is, and what moving it costs."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd, prod

from unrut.emitter.graph.linear import linear
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine
from unrut.program.nodes import Expr, Read
from unrut.program.walk import reads

WAYS, PAGE, PAGES = 16, 4096, 512  # of the second cache and of what holds translations of addresses


def lies_well(
    part: Expr,
    columns: tuple[str, ...],
    layouts: Mapping[str, Layout],
    machine: Machine,
    extents: dict[str, int],
    depth: tuple[str, ...],
    width: int,
    rows: int,
) -> bool:
    """Whether vectors can be loaded where they lie, all of them whole, and stay near from tile to tile.

    What a tile's columns take along the reduction has to fit into half of the second cache, which holds addresses that
    are a multiple of its way apart only WAYS times, and into the translations that are held.
    """
    layout = layouts.get(part.tensor) if isinstance(part, Read) else None
    if not isinstance(part, Read) or layout is None or len(columns) != 1 or not layout.aligned:
        return False
    steps = _steps(part, layout)
    if steps is None or steps.get(columns[0]) != 1:
        return False
    size = part.dtype.size
    along = {axis: step for axis, step in steps.items() if axis in depth and step}
    lines = prod(extents[axis] for axis in along)
    taken = lines * width * size
    way = machine.l2 // WAYS
    reach = min((gcd(step * size, way) for axis, step in along.items() if extents[axis] > WAYS), default=1)
    room = min(machine.l2 // 2, WAYS * width * size * max(1, way // max(reach, width * size)))
    pages = sum(extents[a] * min(1.0, step * size / PAGE) for a, step in along.items())
    return taken <= room and (pages <= PAGES or rows < 4 * width)


def _steps(read: Read, layout: Layout) -> dict[str, int] | None:
    """Elements between neighbours along each axis of a read; None where that is not known."""
    steps: dict[str, int] = {}
    for subscript, stride in zip(read.subscripts, layout.strides, strict=True):
        form = linear(subscript)
        for axis in form.axes():
            if stride is None or form.coefficient(axis) == 0 or axis in form.without(axis).axes():
                return None
            steps[axis] = steps.get(axis, 0) + form.coefficient(axis) * stride
    return steps


def run_of(part: Expr, axis: str, layouts: Mapping[str, Layout], extents: dict[str, int]) -> int:
    """How many elements follow each other in memory as they do in a vector."""
    for read in reads(part):
        layout = layouts.get(read.tensor)
        last = linear(read.subscripts[-1]) if read.subscripts else None
        unit = last is not None and last.coefficient(axis) == 1
        if not unit or (layout is not None and (not layout.aligned or layout.strides[-1] != 1)):
            return 1
    return extents[axis]


def lane_run(columns: list[int], lanes: int) -> int:
    """How many lanes of a vector are neighbours along the innermost of merged columns; 0 where that takes divisions."""
    last = columns[-1]
    if len(columns) == 1 or last % lanes == 0:
        return lanes
    return last if lanes % last == 0 else 0


def run_cost(run: int, lanes: int) -> float:
    """Cycles for an element that is copied in runs of so many."""
    return (8.0, 1.5)[run] if run < 2 else max(2.0 / lanes, 1.3 / min(run, lanes))


def store_cost(run: int, lanes: int) -> float:
    """Cycles for an element of a result that is stored in runs of so many; short runs go through a tile."""
    return (8.0, 3.0)[run] if run < 2 else 2.0 / lanes if run >= lanes else 2.4 / run
