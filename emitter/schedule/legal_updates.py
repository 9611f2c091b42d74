# SPDX-License-Identifier: Apache-2.0
"""Whether a plan changes tensors as its graph says: alone, at the right time, and in the order of additions."""

from __future__ import annotations

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.schedule.plan import Entry, Plan


def update_fault(graph: Graph, plan: Plan) -> str:
    """What is wrong with the plan's updates, if anything is:

    - an update is alone in its kernel, after the tensor that it changes, after updates before it, before all readers;
    - axes that do not stand bare in its places are gone through one place at a time, in their order, by no task and no lanes.
    """
    order = [entry.computation for entry in plan.entries]
    for computation in graph.computations:
        if computation.update is None:
            continue
        place = order.index(computation.name)
        alone = plan.entries[place].share == 0 and (place + 1 == len(order) or plan.entries[place + 1].share == 0)
        if not alone:
            return f"`{computation.name}` changes a tensor and must be alone in its kernel"
        target = computation.update.target
        readers = (c for c in graph.computations if c.name != target and any(r.tensor == target for r in c.reads()))
        later = [c.name for c in readers]
        names = [c.name for c in graph.updates(target)]
        later += names[names.index(computation.name) + 1 :]
        if order.index(target) > place or any(order.index(name) < place for name in later):
            return f"`{computation.name}` does not run between `{target}` and what reads it"
        fault = _order_fault(computation, plan.entries[place])
        if fault:
            return fault
    return ""


def _order_fault(computation: Computation, entry: Entry) -> str:
    assert computation.update is not None
    bare = computation.update.bare()
    ordered = [axis.name for axis in computation.axes if axis.name not in bare]
    if any(loop.axis in ordered for loop in entry.loops[: entry.tasks]):
        return f"a task axis of `{computation.name}` does not stand bare in what it changes"
    if entry.lanes in ordered:
        return f"the lanes of `{computation.name}` do not stand bare in what it changes"
    single = [loop.axis for loop in entry.loops if loop.axis in ordered and loop.block == 1]
    if any(loop.block > 1 for loop in entry.loops if loop.axis in ordered):
        return f"`{computation.name}` adds in an order, and is looped over in blocks"
    rest = [
        name for name in (*entry.tile, *(a.name for a in computation.axes)) if name in ordered and name not in single
    ]
    if [*single, *dict.fromkeys(rest)] != ordered:
        return f"`{computation.name}` adds in the order of {' '.join(ordered)}, and is looped over in another"
    return ""
