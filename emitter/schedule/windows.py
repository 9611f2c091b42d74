# SPDX-License-Identifier: Apache-2.0
"""How many steps of a cycle have to be kept.

Before:  D[k, i, j] = min(D[k - 1, i, j], ...) over k in 0..n      y[i, j] = D[n - 1, i, j]      D stored whole
After:   D stored as D[k % 2, i, j]
Because: what a step reads is at most one step back, and whoever comes later reads the last steps alone.
"""

from __future__ import annotations

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.linear import axis_value, constant
from unrut.emitter.graph.ranges import bounds
from unrut.emitter.graph.recurrence import never_negative
from unrut.emitter.schedule.plan import Plan

MOST = 64  # steps; above, a whole line is no worse


def window(graph: Graph, plan: Plan, computation: Computation, level: int) -> int | None:
    """The steps that are kept of a tensor along its loop at a level, which goes step by step; None: all of them."""
    name, loops = computation.name, plan.entry(computation.name).loops
    if level >= len(loops) or loops[level].block != 1:
        return None
    axis = loops[level].axis
    dimension = [a.name for a in computation.axes].index(axis)
    extent = computation.axes[dimension].extent
    inside = [c for c in graph.consumers(name) if plan.common_depth(name, c.name) > level]
    kept = 1
    for consumer in inside:
        own = plan.entry(consumer.name).loops[level].axis
        for access in accesses(consumer):
            if access.tensor == name:
                most = bounds(axis_value(own) - access.subscripts[dimension], access.known)[1]
                if most is None or not most.is_fixed:
                    return None
                kept = max(kept, most.value() + 1)
    if kept > MOST or (extent.is_fixed and kept >= extent.value()):
        return None
    for consumer in graph.consumers(name):
        if consumer in inside:
            continue
        for access in accesses(consumer):
            if access.tensor == name:
                last = access.subscripts[dimension] - constant(extent - kept)
                if not never_negative(last, access.known):
                    return None
    return kept
