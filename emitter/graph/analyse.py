# SPDX-License-Identifier: Apache-2.0
"""Program to Graph: numbers become such as processors compute with, statements are flattened, what no result needs is left
out."""

from __future__ import annotations

from unrut.emitter.graph.computation import Graph, behind
from unrut.emitter.graph.flatten import flatten
from unrut.emitter.graph.halves import widen_halves
from unrut.emitter.graph.recurrence import in_steps
from unrut.emitter.graph.shrink import shrink
from unrut.program.nodes import Program
from unrut.program.pairs import paired


def analyse(program: Program) -> Graph:
    """The Graph of a checked program: every computation needed for a result, in an order in which they can run.

    Early checks come first, with what they need.
    """
    user, pairs = program, paired(program)
    program = widen_halves(pairs.program)
    flat = flatten(program, user, {part: tensor for tensor, parts in pairs.parts.items() for part in parts})
    kept = (*program.results, *(check.computation for check in flat.checks))
    found, cycles = in_steps(flat.computations)
    computations = shrink(found, kept, frozenset(name for cycle in cycles for name in cycle.tensors()))
    names = {c.name for c in computations}
    cycles = tuple(cycle for cycle in cycles if cycle.tensors()[0] in names)
    early = behind(computations, {check.computation for check in flat.checks if check.early})
    first = tuple(c for c in computations if c.name in early)
    rest = tuple(c for c in computations if c.name not in early)
    return Graph(program=program, computations=(*first, *rest), checks=flat.checks, cycles=cycles)
