# SPDX-License-Identifier: Apache-2.0
"""Which share of a tensor anybody reads: what a causal mask leaves out need not be computed either."""

from __future__ import annotations

from collections import defaultdict
from math import prod

from bench.floors.places import axes_of, image
from bench.floors.scope import Scope, reads_in
from unrut.program.extents import evaluate
from unrut.program.nodes import Expr, Program, Read


def wanted_shares(program: Program, scope: Scope) -> dict[str, float]:
    """For each tensor that is no result and in no cycle the share of it that reads take: of equal subscripts the most, of
    different ones the sum. 1 for the others."""
    kept = {*program.results, *(name for cycle in program.cycles for name in cycle.tensors())}
    found: dict[str, dict[tuple[Expr, ...], float]] = defaultdict(dict)
    for statement in program.statements:
        inner = scope.inside(statement.axes)
        for expr in statement.expressions():
            for read, here in reads_in(expr, inner):
                if read.tensor not in kept:
                    known = found[read.tensor]
                    known[read.subscripts] = max(known.get(read.subscripts, 0.0), _share(program, read, here))
    changed = {statement.target for statement in program.statements if len(program.changing(statement.target))}
    return {name: 1.0 if name in changed else min(1.0, sum(shares.values())) for name, shares in found.items()}


def _share(program: Program, read: Read, scope: Scope) -> float:
    shape = [evaluate(e, scope.sizes) for e in program.shape_of(read.tensor)]
    known = [axes_of(subscript) for subscript in read.subscripts]
    if not all(shape) or any(axes is None or axes & scope.ragged.keys() for axes in known):
        return 1.0
    axes = frozenset[str]().union(*(axes for axes in known if axes is not None))
    guards = [g for g in scope.guards if (names := axes_of(g)) is not None and names <= axes]
    limits = dict(zip(read.subscripts, shape, strict=True))
    return min(1.0, image(read.subscripts, scope.extents, limits, guards) / prod(shape))
