# SPDX-License-Identifier: Apache-2.0
"""Which pointwise computations are evaluated at their reads instead of being stored.

With s places, read e times, w operations each: storing costs s + e moves of a value, recomputing w * (e - s) operations more.
Inlined where recomputing costs no more; so always where each value is read once.
"""

from __future__ import annotations

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.schedule.costs import iterations, places, work
from unrut.program.walk import reads


def inlined(graph: Graph) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the computations to inline, and the reasons."""
    chosen: list[str] = []
    reasons: list[str] = []
    evaluations: dict[str, float] = {}
    for computation in reversed(graph.computations):
        size = places(computation.shape)
        evaluations[computation.name] = iterations(computation)
        if computation.reduction is not None or computation.name in graph.program.results:
            continue
        count = sum(evaluations[c.name] * _times(c, computation.name) for c in graph.consumers(computation.name))
        operations = work(computation.body)
        more, moves = operations * (count - size), size + count
        if more <= moves:
            chosen.append(computation.name)
            evaluations[computation.name] = count
            reasons.append(f"{computation.name} inlined: {more:.3g} more operations, {moves:.3g} moves saved")
        else:
            reasons.append(f"{computation.name} stored: {moves:.3g} moves, {more:.3g} operations saved")
    return tuple(reversed(chosen)), tuple(reversed(reasons))


def _times(consumer: Computation, name: str) -> int:
    return sum(1 for expr in consumer.expressions() for read in reads(expr) if read.tensor == name)
