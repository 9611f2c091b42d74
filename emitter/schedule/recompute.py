# SPDX-License-Identifier: Apache-2.0
"""Which pointwise computations are evaluated at their reads instead of being stored.

With s places, read e times, w operations each: storing costs s + e moves of a value, recomputing w * (e - s) operations more.
Inlined where recomputing costs no more; so always where each value is read once, unless the text becomes too long or deep.

First, producers before consumers, w counts everything that is inlined into a body, and e the reads of consumers that are
stored. Then, consumers before producers, what is left is judged by its own operations and by how often it is then read.
"""

from __future__ import annotations

from collections.abc import Iterator

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.schedule.costs import iterations, places, work
from unrut.emitter.schedule.inline import evaluated_at_reads
from unrut.emitter.schedule.selections import lines
from unrut.program.nodes import Expr
from unrut.program.walk import children, reads

# What a body may become. Compilers take long over larger ones, and recursion over deeper ones ends.
MOST_NODES, MOST_LEVELS = 400, 100


def inlined(graph: Graph) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the computations to inline, and the reasons."""
    consumers = _consumers(graph)
    refused = _refused(graph, consumers)
    chosen: list[str] = []
    reasons: list[str] = []
    evaluations: dict[str, int] = {}
    for computation in reversed(graph.computations):
        name = computation.name
        size = places(computation.shape)
        evaluations[name] = iterations(computation)
        if not _may_be_inlined(graph, computation):
            continue
        if name in refused:
            reasons.append(refused[name])
            continue
        count = sum(evaluations[c.name] * times for c, times in consumers[name])
        more, moves = _more_and_moves(work(computation.body), size, count)
        if more <= moves:
            chosen.append(name)
            evaluations[name] = count
            reasons.append(f"{name} inlined: {more:.3g} more operations, {moves:.3g} moves saved")
        else:
            reasons.append(f"{name} stored: {moves:.3g} moves, {more:.3g} operations saved")
    return tuple(reversed(chosen)), tuple(reversed(reasons))


def _refused(graph: Graph, consumers: dict[str, list[tuple[Computation, int]]]) -> dict[str, str]:
    """Computations that have become too much work or text to inline, by all that is inlined into them; with reasons."""
    grown = {c.name: c for c in graph.computations}
    refused: dict[str, str] = {}
    for name in [c.name for c in graph.computations if _may_be_inlined(graph, c)]:
        computation = grown[name]
        size = places(computation.shape)
        count = sum(iterations(c) * times for c, times in consumers[name])
        more, moves = _more_and_moves(work(computation.body), size, count)
        if more > moves:
            refused[name] = f"{name} stored: {moves:.3g} moves, {more:.3g} operations saved"
            continue
        after = {c.name: evaluated_at_reads(grown[c.name], {name: computation}) for c, _ in consumers[name]}
        long = [c for c, changed in after.items() if _too_long(grown[c], changed)]
        if long:
            refused[name] = f"{name} stored: it would make `{long[0]}` too long or too deep an expression"
        else:
            grown |= after
    return refused


def _may_be_inlined(graph: Graph, computation: Computation) -> bool:
    """Whether a computation can be evaluated at its reads: in a cycle only if all of them come after it in the step."""
    if computation.reduction is not None or computation.update is not None:
        return False
    if computation.name in graph.kept | lines(graph) or graph.updates(computation.name):
        return False
    if graph.cycle_of(computation.name) is None:
        return True
    order = [c.name for c in graph.computations]
    own = order.index(computation.name)
    return all(order.index(c.name) > own for c in graph.consumers(computation.name))


def _more_and_moves(operations: float, size: int, count: int) -> tuple[float, int]:
    return operations * (count - size), size + count


def _too_long(before: Computation, after: Computation) -> bool:
    """Whether a body is beyond the limits, and not because it was written like that."""
    nodes, levels = _extent_of(after)
    if nodes <= MOST_NODES and levels <= MOST_LEVELS:
        return False
    old_nodes, old_levels = _extent_of(before)
    return nodes > max(old_nodes, MOST_NODES) or levels > max(old_levels, MOST_LEVELS)


def _extent_of(computation: Computation) -> tuple[int, int]:
    """How many nodes a computation's largest expression has, how many levels its deepest."""
    depths = [list(_depths(expr)) for expr in computation.expressions()]
    return max(map(len, depths)), max(map(max, depths))


def _depths(expr: Expr) -> Iterator[int]:
    waiting = [(expr, 1)]
    while waiting:
        part, depth = waiting.pop()
        yield depth
        waiting += [(inner, depth + 1) for inner in children(part)]


def _consumers(graph: Graph) -> dict[str, list[tuple[Computation, int]]]:
    """The computations that read each computation, and in how many places of their text."""
    found: dict[str, list[tuple[Computation, int]]] = {c.name: [] for c in graph.computations}
    for consumer in graph.computations:
        times: dict[str, int] = {}
        for expr in consumer.expressions():
            for read in reads(expr):
                times[read.tensor] = times.get(read.tensor, 0) + 1
        for tensor, number in times.items():
            if tensor in found:
                found[tensor].append((consumer, number))
    return found
