# SPDX-License-Identifier: Apache-2.0
"""Threads only for work that pays for them: waking a team and waiting for it takes microseconds.

Before: kernels with task loops, whatever their sizes. After: a kernel that is predicted to take less than TEAM on one
thread has no tasks. Where run-time sizes decide, each entry has a price, the predicted picoseconds of one place of its
domain, and the generated code compares what the sizes make of it. Because: 64x64x64 multiply-adds are done before a
second thread has begun. Which is chosen never changes a bit of a result.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import mul

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.machine import Machine
from unrut.emitter.nest import TEAM
from unrut.emitter.rates import TYPICAL
from unrut.emitter.schedule.costs import Strides, deciding, iterations, ranged
from unrut.emitter.schedule.plan import Entry, Plan
from unrut.emitter.schedule.predict import KernelCost, predict
from unrut.program.extents import Extent

_SECOND = 1e12


def with_teams(graph: Graph, plan: Plan, strides: Strides, machine: Machine) -> Plan:
    """The plan with tasks where they pay, as far as sizes tell, and prices elsewhere."""
    found: list[Entry] = []
    for entries, cost in zip(plan.kernels(), predict(graph, plan, strides, machine).kernels, strict=True):
        found += _settled(graph, entries, cost)
    return replace(plan, entries=tuple(found))


def _settled(graph: Graph, entries: tuple[Entry, ...], cost: KernelCost) -> tuple[Entry, ...]:
    if not entries[0].tasks:
        return entries
    members = [graph.computation(entry.computation) for entry in entries]
    arithmetic, moving = cost.arithmetic(1, TYPICAL), cost.moving(1, TYPICAL)
    seconds = max(arithmetic, moving)
    if all(extent.is_fixed for member in members for extent in member.extents().values()):
        if seconds * _SECOND >= TEAM:
            return entries
        reason = f"one thread: all is done in {max(1, round(seconds * 1e6))} us or less"
        return (replace(entries[0], tasks=0, reasons=(*entries[0].reasons, reason)), *entries[1:])
    scale = _SECOND / TYPICAL.vectors * (seconds / arithmetic if arithmetic else 1.0)
    return tuple(
        replace(entry, price=max(1, round(each.vectors / iterations(member) * scale)))
        for entry, member, each in zip(entries, members, cost.costs, strict=True)
    )


def predicted(members: tuple[Computation, ...], entries: tuple[Entry, ...]) -> Extent | None:
    """The predicted picoseconds of a kernel on one thread; None where an entry has no price."""
    if not all(entry.price for entry in entries):
        return None
    total = Extent()
    for entry, member in zip(entries, members, strict=True):
        total += _visited(member) * entry.price
    return total


def _visited(member: Computation) -> Extent:
    """How many places are visited. Ranges by data are as long in all as the axis that they are parts of."""
    extents = member.extents()
    outer, parts = deciding(member), ranged(member)
    if not outer:
        return reduce(mul, extents.values(), Extent(constant=1))
    inside = reduce(mul, (e for axis, e in extents.items() if axis not in outer), Extent(constant=1))
    return inside + reduce(mul, (e for axis, e in extents.items() if axis not in parts), Extent(constant=1))
