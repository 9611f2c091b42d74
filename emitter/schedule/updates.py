# SPDX-License-Identifier: Apache-2.0
"""The loops of an update: those of its bare axes may run in any order, the others have to stay as they are.

1. Lanes are the bare axis along which what is read and changed lies best, if that is cheaper than none.
2. Tasks are bare axes: those that are no lanes, place by place; if there are none, the lanes in blocks, as many as there are
   cores. An update without a bare axis is one task.
3. All other axes are looped over in their order, which is that of the additions to one element.
"""

from __future__ import annotations

from unrut.emitter.graph.computation import Computation
from unrut.emitter.schedule.costs import iterations, number_of, ranged
from unrut.emitter.schedule.entries import Planner
from unrut.emitter.schedule.plan import Entry, LoopOver

SMALL = 20_000  # additions that are done before other threads have been woken


def update_entry(planner: Planner, computation: Computation) -> Entry:
    """The entry of a computation that is an update."""
    assert computation.update is not None
    lanes = planner.lanes(computation)
    bare = computation.update.bare()
    extents = {axis.name: axis.extent for axis in computation.axes}
    large = iterations(computation) >= SMALL or not all(extent.is_fixed for extent in extents.values())
    by_data = ranged(computation)
    tasks = [name for name in extents if name in bare and name not in {lanes.axis, *by_data}] if large else []
    others = [name for name in extents if name not in tasks and name != lanes.axis]
    inner = [name for k, name in enumerate(others) if by_data & set(others[: k + 1])]  # from the first range by data on
    others = others[: len(others) - len(inner)]
    loops = [LoopOver(axis=name) for name in tasks]
    # Lanes are inside of the conditions, which are tested once for all of them.
    along = any(axis.name == lanes.axis for axis in computation.reduced)
    tile = (*inner, *((lanes.axis,) if lanes.axis and not along else ()))
    if lanes.axis and not along and lanes.axis not in by_data and large and not tasks:
        width = planner.machine.lanes(computation.body.dtype.size)
        vectors = -(-number_of(extents[lanes.axis]) // width)
        block = width * -(-vectors // planner.machine.cores)
        if number_of(extents[lanes.axis]) > block:
            loops = [LoopOver(axis=lanes.axis, block=block)]
            tasks = [lanes.axis]
    loops += [LoopOver(axis=name) for name in others]
    said = f"{' '.join(tasks) or 'nothing'} in parallel: {' '.join(bare) or 'no axis'} may run in any order"
    return Entry(
        computation=computation.name,
        loops=tuple(loops),
        tile=tile,
        reduce=planner.reduce_loops(computation, lanes.axis),
        lanes=lanes.axis,
        tasks=len(tasks),
        reasons=(lanes.reason, said),
    )
