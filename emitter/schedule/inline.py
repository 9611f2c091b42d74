# SPDX-License-Identifier: Apache-2.0
"""Evaluate pointwise computations at their reads.

Before:  h[i, j] = exp(x[i, j])      y[i] = sum[j](h[i, 2*j])
After:   y[i] = sum[j](exp(x[i, 2*j]))
Because: what is cheap to compute, or read once, is not worth the memory. Each value is still rounded to its own dtype.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.recurrence import in_steps
from unrut.emitter.graph.shrink import rewritten
from unrut.program.nodes import Expr, Read
from unrut.program.walk import children, rebuild, rename_axes


def inline(graph: Graph, names: tuple[str, ...]) -> Graph:
    """The graph without the named computations, which are pointwise and no results."""
    gone: dict[str, Computation] = {}
    kept: list[Computation] = []
    for computation in graph.computations:
        changed = evaluated_at_reads(computation, gone) if gone else computation
        if computation.name in names:
            gone[computation.name] = changed
        else:
            kept.append(changed)
    if not graph.cycles:
        return replace(graph, computations=tuple(kept))
    ordered, cycles = in_steps(kept)
    return replace(graph, computations=ordered, cycles=cycles)


def evaluated_at_reads(computation: Computation, gone: Mapping[str, Computation]) -> Computation:
    """The computation with the bodies of those that are gone in place of their reads."""
    return rewritten(computation, lambda expr: _replaced(expr, gone))


def _replaced(expr: Expr, gone: Mapping[str, Computation]) -> Expr:
    parts = tuple(_replaced(part, gone) for part in children(expr))
    expr = rebuild(expr, parts) if parts else expr
    if isinstance(expr, Read) and expr.tensor in gone:
        source = gone[expr.tensor]
        values = {axis.name: s for axis, s in zip(source.axes, expr.subscripts, strict=True)}
        return rename_axes(source.body, values)
    return expr
