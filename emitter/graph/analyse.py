# SPDX-License-Identifier: Apache-2.0
"""Program to Graph: complex numbers become pairs, statements are flattened, what no result needs is left out."""

from __future__ import annotations

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.flatten import flatten
from unrut.emitter.graph.shrink import shrink
from unrut.errors import BindError
from unrut.program.nodes import Program, Role
from unrut.program.pairs import paired


def analyse(program: Program) -> Graph:
    """The Graph of a checked program: every computation needed for a result, in an order in which they can run.

    Early checks come first, with what they need.
    """
    if program.cycles or any(s.role is Role.starts for s in program.statements):
        raise BindError("recurrences run in the reference alone so far", remedy=f"{program.name}.reference(...)")
    if any(s.role is Role.adds for s in program.statements):
        raise BindError("additions run in the reference alone so far", remedy=f"{program.name}.reference(...)")
    program = paired(program).program
    flat = flatten(program)
    kept = (*program.results, *(check.computation for check in flat.checks))
    computations = shrink(flat.computations, kept)
    early = _behind(computations, {check.computation for check in flat.checks if check.early})
    first = tuple(c for c in computations if c.name in early)
    rest = tuple(c for c in computations if c.name not in early)
    return Graph(program=program, computations=(*first, *rest), checks=flat.checks)


def _behind(computations: tuple[Computation, ...], names: set[str]) -> set[str]:
    """The names, and those of all computations that these need."""
    found = set(names)
    for computation in reversed(computations):
        if computation.name in found:
            found |= {read.tensor for read in computation.reads()}
    return found
