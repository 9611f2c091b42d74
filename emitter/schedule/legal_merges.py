# SPDX-License-Identifier: Apache-2.0
"""Whether the slabs, merges and packs of a plan mean something, before the graph that they make is looked at.

1. A computation with merges is pointwise or a reduction in any order, is no part of a cycle, and changes no tensor.
2. It merges free axes of fixed extents, each once, under names of their own; one merge at most is by lanes, whose axes no
   condition of the reduction mentions.
3. A pack names what depends on just its axes, a vector's lanes beside the vector, and reads inside its operands there for
   every place of these axes.
4. A slab is of one read, which depends on sums of axes alone, and reads inside its tensor wherever the slab is computed.
"""

from __future__ import annotations

from dataclasses import replace

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.computation import Computation, Folded, Graph
from unrut.emitter.graph.laws import law
from unrut.emitter.graph.linear import constant
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.ranges import at_least_zero
from unrut.emitter.graph.selection import is_selection
from unrut.emitter.schedule.apply import stage
from unrut.emitter.schedule.inline import inline
from unrut.emitter.schedule.merging import Merging
from unrut.emitter.schedule.plan import Pack, Plan
from unrut.emitter.schedule.residues import class_fault, in_classes
from unrut.emitter.schedule.slabs import slabbed, with_slab
from unrut.program.walk import free_axes


def merge_fault(graph: Graph, plan: Plan) -> str:
    """What is wrong with the merges and packs of a plan for a graph; empty if nothing is."""
    graph = stage(inline(graph, plan.inlined), plan.staged)
    if fault := class_fault(graph, plan):
        return fault
    graph = in_classes(graph, plan)
    if fault := _slab_fault(graph, plan):
        return fault
    graph = slabbed(graph, plan)
    merged = list(dict.fromkeys(m.computation for m in plan.merged))
    for name in merged:
        if name not in graph.names():
            return f"there is no computation `{name}` to merge axes of"
        if fault := _fault(graph, graph.computation(name), plan):
            return fault
    taken = graph.names() | {o.name for o in graph.program.operands} | {graph.program.name}
    taken |= {*graph.program.scalars, *graph.program.sizes}
    for pack in plan.packed:
        if pack.computation not in merged:
            return f"`{pack.computation}` is packed for, but merges nothing"
        if pack.name in taken or not pack.name.isidentifier():
            return f"`{pack.name}` can't be the name of a copy"
        taken = taken | {pack.name}
        if fault := _pack_fault(graph, graph.computation(pack.computation), plan, pack):
            return fault
    return ""


def _slab_fault(graph: Graph, plan: Plan) -> str:
    for slab in plan.slabs:
        taken = graph.names() | {o.name for o in graph.program.operands} | {graph.program.name}
        if slab.name in taken | {*graph.program.scalars, *graph.program.sizes} or not slab.name.isidentifier():
            return f"`{slab.name}` can't be the name of a copy"
        if slab.computation not in graph.names() or graph.cycle_of(slab.computation) is not None:
            return f"there is no computation `{slab.computation}`, or it goes step by step"
        reader = graph.computation(slab.computation)
        made = with_slab(graph, reader, slab) if reader.update is None else None
        if made is None:
            return f"what `{slab.computation}` reads of `{slab.tensor}` depends on more than its places"
        if fault := _outside(graph, made[0]):
            return f"`{slab.name}` would read outside of `{fault}`"
        graph = slabbed(graph, replace(plan, slabs=(slab,)))
    return ""


def _outside(graph: Graph, computation: Computation) -> str:
    """A tensor that a computation does not surely read inside of; empty if there is none."""
    for access in accesses(computation):
        for form, extent in zip(access.subscripts, graph.shape_of(access.tensor), strict=True):
            inside = at_least_zero(form, access.known) and at_least_zero(constant(extent - 1) - form, access.known)
            if not inside:
                return access.tensor
    return ""


def _fault(graph: Graph, computation: Computation, plan: Plan) -> str:
    name, reduction = computation.name, computation.reduction
    if computation.update is not None or graph.updates(name) or graph.cycle_of(name) is not None:
        return f"`{name}` changes a tensor, is changed, or goes step by step, and can't merge axes"
    if name in graph.kept and name not in graph.program.results:
        return f"`{name}` is a check and can't merge axes"
    if reduction is not None:
        in_any_order = not isinstance(reduction.kind, Folded) and law(reduction.kind).commutative
        if is_selection(computation) or not in_any_order:
            return f"`{name}` is no reduction in any order and can't merge axes"
    merges = [m for m in plan.merged if m.computation == name]
    free = {axis.name: axis.extent for axis in computation.axes}
    taken = set(computation.extents())
    seen: set[str] = set()
    for merge in merges:
        for axis in merge.of:
            if axis not in free or axis in seen:
                return f"`{axis}` is no free axis of `{name}`, or merged already"
            if not free[axis].is_fixed or free[axis].value() < 1:
                return f"`{axis}` of `{name}` has no fixed extent to merge"
            seen.add(axis)
        new = {merge.axis, *((merge.lane, *(f"{merge.lane}{k}" for k in range(1, 9))) if merge.lanes else ())}
        if not merge.of or new & taken or not merge.axis.isidentifier():
            return f"`{merge.axis}` is no new name for axes of `{name}`"
        taken |= new
        if merge.lanes == 1:
            return f"`{merge.axis}` of `{name}` has vectors of one lane"
        tests = reduction.where if merge.lanes and reduction is not None else ()
        if any(free_axes(test) & set(merge.of) for test in tests):
            return f"`{name}` has conditions on what goes through lanes of `{merge.axis}`"
    if sum(1 for merge in merges if merge.lanes) > 1:
        return f"`{name}` has lanes along two axes"
    return ""


def _pack_fault(graph: Graph, computation: Computation, plan: Plan, pack: Pack) -> str:
    merging = Merging(graph, computation, plan, Names(taken=set()))
    reduced = {axis.name for axis in computation.reduced}
    known = reduced | {axis.name for axis in merging.rest()} | {m.axis for m in merging.merges}
    known |= {m.lane for m in merging.merges if m.lanes}
    if not set(pack.order) <= known or len(set(pack.order)) != len(pack.order):
        return f"`{pack.name}` names an axis that `{computation.name}` doesn't have, or one twice"
    if any(m.lanes and (m.axis in pack.order) != (m.lane in pack.order) for m in merging.merges):
        return f"`{pack.name}` has vectors without their lanes, or lanes without their vectors"
    part = merging.part(pack)
    if part is None:
        return f"no part of `{computation.name}`, or more than one, depends on just the axes of `{pack.name}`"
    alone = replace(computation, body=part, reduction=None, axes=(*computation.axes, *computation.reduced))
    fault = _outside(graph, alone)
    return f"`{pack.name}` would read outside of `{fault}`" if fault else ""
