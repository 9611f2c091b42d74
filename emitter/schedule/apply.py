# SPDX-License-Identifier: Apache-2.0
"""The graph that a plan schedules: inlined computations gone, staged operands copied, axes merged.

Before:  y[i] = sum[k](W[k, i] * x[k])
After:   W_staged[k, i] = W[k, i]      y[i] = sum[k](W_staged[k, i] * x[k])
Because: a copy may lie in memory as its readers like it. So may what becomes a result, if others read it:

Before:  m[i, j] = sum[k](x[j, i, k])          z[j] = sum[i](m[i, j] ** 2)           results m, z
After:   m_staged[i, j] = sum[k](x[j, i, k])   m[i, j] = m_staged[i, j]   z[j] = sum[i](m_staged[i, j] ** 2)
"""

from __future__ import annotations

from dataclasses import replace

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.shrink import rewritten
from unrut.emitter.schedule.inline import inline
from unrut.emitter.schedule.merging import merge
from unrut.emitter.schedule.plan import Plan
from unrut.emitter.schedule.residues import in_classes
from unrut.emitter.schedule.slabs import slabbed
from unrut.program.nodes import Axis, AxisValue, Expr, Operand, Read
from unrut.program.walk import children, rebuild


def applied(graph: Graph, plan: Plan) -> Graph:
    """The graph whose computations are the plan's entries."""
    staged = stage(inline(graph, plan.inlined), plan.staged)
    return merge(slabbed(in_classes(staged, plan), plan), plan)


def staged_name(graph: Graph, operand: str) -> str:
    """What the copy of an operand or a result is called."""
    program = graph.program
    taken = {o.name for o in program.operands} | {s.target for s in program.statements} | {program.name}
    return Names(taken=taken | graph.names() | {*program.scalars, *program.sizes}).fresh(f"{operand}_staged")


def stage(graph: Graph, tensors: tuple[str, ...]) -> Graph:
    """The graph with copies of operands, which every computation reads in their place but those that early checks need; and
    with results computed as copies, which every computation reads in their place, and copied when they are complete.
    """
    operands = tuple(name for name in tensors if name not in graph.program.results)
    graph = _results_staged(graph, tuple(name for name in tensors if name in graph.program.results))
    names = {operand: staged_name(graph, operand) for operand in operands}
    copies = tuple(_copy(graph, o, names[o.name]) for o in graph.program.operands if o.name in names)
    if not copies:
        return graph
    before = graph.early
    early = tuple(c for c in graph.computations if c.name in before)
    rest = (rewritten(c, lambda e: _reread(e, names)) for c in graph.computations if c.name not in before)
    return replace(graph, computations=(*early, *copies, *rest))


def _results_staged(graph: Graph, results: tuple[str, ...]) -> Graph:
    names = {result: staged_name(graph, result) for result in results}
    found: list[Computation] = []
    for computation in graph.computations:
        changed = rewritten(computation, lambda e: _reread(e, names)) if names else computation
        if computation.name not in names:
            found.append(changed)
            continue
        own = names[computation.name]
        places = tuple(AxisValue(axis=axis.name) for axis in computation.axes)
        body = Read(tensor=own, subscripts=places, dtype=computation.dtype)
        found.append(replace(changed, name=own))
        found.append(replace(changed, body=body, reduction=None))
    return replace(graph, computations=tuple(found))


def _copy(graph: Graph, operand: Operand, name: str) -> Computation:
    axes = tuple(
        Axis(name=axis, extent=extent) for axis, extent in zip(_axes(graph, operand), operand.shape, strict=True)
    )
    body = Read(tensor=operand.name, subscripts=tuple(AxisValue(axis=a.name) for a in axes), dtype=operand.dtype)
    return Computation(name=name, axes=axes, dtype=operand.dtype, body=body, reduction=None, statement=operand.name)


def _axes(graph: Graph, operand: Operand) -> tuple[str, ...]:
    """Names for the axes of a copy: those that a reader has bare in these dimensions, numbered ones elsewhere."""
    names: list[str] = []
    reads = [r for c in graph.computations for r in c.reads() if r.tensor == operand.name]
    for d in range(len(operand.shape)):
        bare = [r.subscripts[d] for r in reads]
        found = next((s.axis for s in bare if isinstance(s, AxisValue) and s.axis not in names), f"d{d}")
        names.append(found)
    return tuple(names)


def _reread(expr: Expr, names: dict[str, str]) -> Expr:
    parts = tuple(_reread(part, names) for part in children(expr))
    expr = rebuild(expr, parts) if parts else expr
    return replace(expr, tensor=names[expr.tensor]) if isinstance(expr, Read) and expr.tensor in names else expr


def stageable(graph: Graph, name: str) -> bool:
    """Whether a name is that of a result which is computed at once: by no steps, with no updates after it."""
    plain = name in graph.program.results and not graph.updates(name) and graph.cycle_of(name) is None
    return plain and name not in {check.computation for check in graph.checks}
