# SPDX-License-Identifier: Apache-2.0
"""How tensors lie in memory where that is free: the order of intermediates' dimensions, and copies of operands.

Orders: one intermediate after the other, the largest first: the axis for which the computations that write and read it are
cheapest, each with its best lanes. What is not settled yet counts as stored to suit.
Copies: an operand, or a result that is read again, is staged in an order of our own, where its readers gain more than the
copy costs.
"""

from __future__ import annotations

from collections.abc import Mapping

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.apply import stageable
from unrut.emitter.schedule.costs import GATHER_PER_LANE, Strides, iterations, least_cost, places
from unrut.emitter.schedule.selections import lines

WORTH = 1.5  # gains below this factor are within what the cost model can't tell


def staged(
    graph: Graph, layouts: Mapping[str, Layout], machine: Machine, apart: frozenset[str] = frozenset()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The operands, and results that are read again, to stage, best gain first, each beside those before it; and why.
    Computations that are `apart` see to what they read by themselves."""
    reasons: list[str] = []
    suited: list[str] = []
    while True:
        results = [name for name in graph.program.results if graph.consumers(name) and stageable(graph, name)]
        gains = {
            name: _gain(graph, layouts, machine, name, suited, apart)
            for name in (*(o.name for o in graph.program.operands), *results)
            if name not in suited
        }
        best = max(gains, key=lambda name: gains[name][0] / gains[name][1], default="")
        if not best or gains[best][0] <= WORTH * gains[best][1]:
            return tuple(suited), tuple(reasons)
        now, then = gains[best]
        suited.append(best)
        reasons.append(f"{best} staged: {now:.3g} vector operations as it lies, {then:.3g} with a copy to suit")


def _gain(
    graph: Graph,
    layouts: Mapping[str, Layout],
    machine: Machine,
    operand: str,
    suited: list[str],
    apart: frozenset[str],
) -> tuple[float, float]:
    """The cost of a tensor's reductions as it lies, and with a copy of it; equal where it is not read often enough."""
    readers = [c for c in graph.consumers(operand) if c.reduction is not None and c.name not in apart]
    size = places(graph.shape_of(operand))
    if not readers or sum(map(iterations, readers)) < size:
        return 1.0, 1.0
    before = Strides(graph, {name: layout for name, layout in layouts.items() if name not in suited})
    after = Strides(graph, {name: layout for name, layout in layouts.items() if name not in (*suited, operand)})
    if operand in graph.program.results:  # beside intermediates, which have orders of their own
        settle_orders(graph, before, machine)
        settle_orders(graph, after, machine)
    now = sum(least_cost(c, before, machine) for c in readers)
    return now, sum(least_cost(c, after, machine) for c in readers) + size * GATHER_PER_LANE


def settle_orders(graph: Graph, strides: Strides, machine: Machine) -> None:
    """Settle every intermediate of at least two dimensions in `strides`."""
    own = (c for c in graph.computations if c.update is None and c.name not in graph.program.results)
    inner = [c for c in own if len(c.axes) > 1]
    selected = lines(graph)
    for computation in sorted(inner, key=lambda c: -places(c.shape)):
        if computation.name in selected:
            strides.settle(computation.name, computation.axes[-1].name)
            continue
        users = (computation, *graph.consumers(computation.name))
        costs: dict[str, float] = {}
        for axis in reversed(computation.axes):
            strides.settle(computation.name, axis.name)
            costs[axis.name] = sum(least_cost(user, strides, machine) for user in users)
        strides.settle(computation.name, min(costs, key=lambda name: costs[name]))


def stored_order(computation: Computation, strides: Strides) -> tuple[str, ...]:
    """The order of an intermediate's dimensions for the plan; empty for that of its axes."""
    axes = [axis.name for axis in computation.dims]
    last = strides.last.get(computation.name, "")
    return () if last not in axes or last == axes[-1] else (*(axis for axis in axes if axis != last), last)
