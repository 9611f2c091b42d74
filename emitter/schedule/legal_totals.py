# SPDX-License-Identifier: Apache-2.0
"""Whether totals are legal: reductions with loops over their own reduced axes.

Such a reduction adds up in the order of these loops whatever stands inside of them, so it must be free to regroup and
reorder, and nobody may look at it before the loops have ended. Written from the dependences alone.
"""

from __future__ import annotations

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.laws import law
from unrut.emitter.schedule.plan import Plan, total_depth


def may_go_on(computation: Computation, axis: str) -> bool:
    """Whether a reduction may have one of its reduced axes among its loops."""
    if computation.reduction is None or computation.update is not None:
        return False
    found = law(computation.reduction.kind)
    own = any(reduced.name == axis for reduced in computation.reduced)
    return own and found.associative and found.commutative


def total_fault(graph: Graph, plan: Plan) -> str:
    """What is wrong with the totals of a plan; empty for nothing."""
    for kernel in plan.kernels():
        for entry in kernel:
            computation = graph.computation(entry.computation)
            depth = total_depth(computation, entry)
            if depth is None:
                continue
            name = computation.name
            if depth < kernel[0].tasks:
                return f"`{name}` goes on over a loop whose places are tasks"
            if entry.turn or entry.past:
                return f"`{name}` goes on over a loop, and is stored whole after it, not as a tile"
            if computation.placement is not None:
                return f"`{name}` goes on over a loop, and is stored elsewhere than at its axes"
            if graph.cycle_of(name) is not None:
                return f"`{name}` goes on over a loop, but is part of a step"
            for consumer in graph.consumers(name):
                if plan.common_depth(name, consumer.name) > depth:
                    return f"`{consumer.name}` reads `{name}` before all of it is known"
            for other in kernel:
                shared = plan.common_depth(name, other.computation)
                for level in range(depth, shared):
                    one_by_one = other.loops[level].block == 1 and entry.loops[level].axis in _reduced(computation)
                    if one_by_one and other.lanes == other.loops[level].axis:
                        return f"`{name}` goes on over the lanes of `{other.computation}`"
    return ""


def _reduced(computation: Computation) -> frozenset[str]:
    return frozenset(axis.name for axis in computation.reduced)
