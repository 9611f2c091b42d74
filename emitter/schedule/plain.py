# SPDX-License-Identifier: Apache-2.0
"""The plainest legal plan: every computation in a kernel of its own, one loop for each axis. A yardstick and a fallback."""

from __future__ import annotations

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.schedule.plan import Entry, LoopOver, Plan
from unrut.emitter.schedule.stepping import Stepped, stepped


def plain(graph: Graph) -> Plan:
    """A plan without fusion, blocks or lanes; the outermost axis of each computation is its tasks, but of cycles."""
    steps = {each.name: each for cycle in graph.cycles for each in stepped(cycle)}
    entries = tuple(_step(c, steps[c.name]) if c.name in steps else _entry(c) for c in graph.computations)
    return Plan(program=graph.program.name, inlined=(), entries=entries)


def _entry(computation: Computation) -> Entry:
    axes = [axis.name for axis in computation.axes]
    return Entry(
        computation=computation.name,
        loops=tuple(LoopOver(axis=axis) for axis in axes),
        reduce=tuple(LoopOver(axis=axis.name) for axis in computation.reduced),
        tasks=int(bool(axes) and (computation.update is None or axes[0] in computation.update.bare())),
    )


def _step(computation: Computation, steps: Stepped) -> Entry:
    """A member of a cycle: its ordered axes outermost, shared as far as the cycle says."""
    rest = (axis.name for axis in computation.axes if axis.name not in steps.axes)
    return Entry(
        computation=computation.name,
        loops=tuple(LoopOver(axis=name) for name in (*steps.axes, *rest)),
        reduce=tuple(LoopOver(axis=axis.name) for axis in computation.reduced),
        share=steps.common,
    )
