# SPDX-License-Identifier: Apache-2.0
"""Which of the scheduler's and the lowering's rules a program went through, read off its plan, graph and nest.

For the table at the end of a test run: a rule that random programs never meet is a rule that nobody tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from unrut.emitter.graph.computation import Graph
from unrut.emitter.graph.selection import is_selection
from unrut.emitter.nest import Fetch, Guard, Loop, LoopKind, Nest, Node, Select, Sort, Space
from unrut.emitter.pipeline import Trace
from unrut.emitter.render.walk import nodes
from unrut.emitter.schedule.apply import applied
from unrut.emitter.schedule.plan import Entry, Plan
from unrut.emitter.schedule.storage import storage
from unrut.errors import InternalError
from unrut.program.nodes import ReduceKind
from unrut.program.walk import reads

Test = Callable[[Graph, Plan, Nest], bool]


def _entry(test: Callable[[Entry], bool]) -> Test:
    return lambda graph, plan, nest: any(map(test, plan.entries))


def _node(test: Callable[[Node], bool]) -> Test:
    return lambda graph, plan, nest: any(map(test, _nodes(nest)))


def _nodes(nest: Nest) -> Iterator[Node]:
    return (node for kernel in nest.kernels for node in nodes(kernel.body))


def _stored(space: Space) -> Test:
    return lambda graph, plan, nest: any(storage(graph, plan, e.computation).space is space for e in plan.entries)


def _reduced_lanes(graph: Graph, plan: Plan, nest: Nest) -> bool:
    return any(e.lanes in {a.name for a in graph.computation(e.computation).reduced} for e in plan.entries if e.lanes)


def _rows(graph: Graph, plan: Plan, nest: Nest) -> bool:
    """A register tile of several rows of lanes."""
    return any(len(e.tile) > 1 and bool(graph.computation(e.computation).reduced) for e in plan.entries if e.lanes)


def _contested(graph: Graph, plan: Plan, nest: Nest) -> bool:
    """Places of the best terms found side by side."""
    for entry in plan.entries:
        reduction = graph.computation(entry.computation).reduction
        kinds: tuple[object, ...] = (ReduceKind.argmax, ReduceKind.argmin)
        if reduction is not None and reduction.kind in kinds and entry.lanes == reduction.axes[-1].name:
            return True
    return False


def _from_data(node: Node) -> bool:
    return isinstance(node, Loop) and next(reads(node.stop), None) is not None


RULES: dict[str, Test] = {
    "inlined": lambda graph, plan, nest: bool(plan.inlined),
    "copied operand": lambda graph, plan, nest: bool(plan.staged),
    "several in one kernel": lambda graph, plan, nest: any(len(kernel) > 1 for kernel in plan.kernels()),
    "several kernels": lambda graph, plan, nest: len(plan.kernels()) > 1,
    "kept in registers": _stored(Space.register),
    "kept in scratch": _stored(Space.scratch),
    "stored in the workspace": _stored(Space.workspace),
    "other order in memory": _entry(lambda e: bool(e.stored)),
    "parallel tasks": _entry(lambda e: e.tasks > 0),
    "blocked task": _entry(lambda e: any(over.block > 1 for over in e.loops[: e.tasks])),
    "blocks in blocks": _entry(lambda e: len({over.axis for over in e.loops}) < len(e.loops)),
    "lanes along a result": lambda graph, plan, nest: any(
        e.lanes in {a.name for a in graph.computation(e.computation).axes} for e in plan.entries if e.lanes
    ),
    "lanes along a reduction": _reduced_lanes,
    "rows of lanes": _rows,
    "rows fetched ahead": _node(lambda node: isinstance(node, Fetch)),
    "argmax in lanes": _contested,
    "axes merged": lambda graph, plan, nest: any(len(merge.of) > 1 for merge in plan.merged),
    "axes in vectors": lambda graph, plan, nest: any(merge.lanes > 0 for merge in plan.merged),
    "packed for tiles": lambda graph, plan, nest: bool(plan.packed),
    "read through a slab": lambda graph, plan, nest: bool(plan.slabs),
    "classes of places": lambda graph, plan, nest: bool(plan.classes),
    "blocks of two sizes": _entry(lambda e: any(over.rest > 0 for over in e.loops)),
    "tile turned": _entry(lambda e: bool(e.turn)),
    "past the caches": _entry(lambda e: e.past),
    "cut at a guard": _node(lambda node: isinstance(node, Guard) and bool(node.otherwise)),
    "every so manyth place": lambda graph, plan, nest: any(
        isinstance(node, Loop)
        and node.step > 1
        and all(node.step != over.block for e in plan.entries for over in e.loops)
        for node in _nodes(nest)
    ),
    "written out": _node(lambda node: isinstance(node, Loop) and node.kind is LoopKind.unrolled),
    "steps in order": lambda graph, plan, nest: bool(graph.cycles),
    "additions at places": lambda graph, plan, nest: any(c.update is not None for c in graph.computations),
    "ranges from data": _node(_from_data),
    "checks of data": lambda graph, plan, nest: bool(nest.checks),
    "sorting network": lambda graph, plan, nest: (
        any(map(is_selection, graph.computations)) and not any(isinstance(node, Select | Sort) for node in _nodes(nest))
    ),
    "selection": _node(lambda node: isinstance(node, Select)),
    "sort": _node(lambda node: isinstance(node, Sort)),
}


def rules_hit(trace: Trace) -> frozenset[str]:
    """The rules that a trace shows. It must have come to its nest."""
    if trace.graph is None or trace.plan is None or trace.nest is None:
        raise InternalError("rules are read off a graph, a plan and a nest")
    graph = applied(trace.graph, trace.plan)
    return frozenset(name for name, test in RULES.items() if test(graph, trace.plan, trace.nest))
