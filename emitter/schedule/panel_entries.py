# SPDX-License-Identifier: Apache-2.0
"""The loops of a contraction by tiles: copies first, then columns, rows, the reduction, and what follows in the same loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.names import Names, taken_by
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.groups import Group
from unrut.emitter.schedule.panels import Panel, in_depth, panel
from unrut.emitter.schedule.plan import Entry, LoopOver, Merge, Pack, Plan, Slab


def paneled(
    graph: Graph, kernels: tuple[Group, ...], layouts: Mapping[str, Layout], machine: Machine
) -> dict[str, Panel]:
    """The kernels that are contractions by tiles, by the name of their first computation."""
    given = Names(taken=set(taken_by(graph.program)) | graph.names())
    found = {g.members[0].name: panel(graph, g.members, layouts, machine, given) for g in kernels if g.cycle is None}
    return {name: each for name, each in found.items() if each is not None}


def begun(name: str, panels: Iterable[Panel]) -> Plan:
    """A plan without entries, with all that panels change before there are any."""
    found = tuple(panels)
    return Plan(
        program=name,
        inlined=(),
        entries=(),
        classes=tuple(each for panel in found for each in panel.classes),
        slabs=tuple(each for panel in found for each in panel.slabs),
        merged=tuple(each for panel in found for each in panel.merges),
        packed=tuple(each for panel in found for each in panel.packs),
    )


def panel_entries(graph: Graph, found: Panel) -> list[Entry]:
    """The entries of copies, contraction and followers; `graph` has the merges and packs."""
    names = [found.computation, *found.followers]
    chain = [*_tiles(graph, found), *names]
    entries = [_copy_entry(graph, pack) for pack in found.packs]
    shared = len(found.outer[found.computation])
    slabs = [_slab_entry(graph, slab, found) for slab in found.slabs]
    entries += [replace(each, share=shared, tasks=0) if shared and k else each for k, each in enumerate(slabs)]
    for name in chain:
        computation = graph.computation(name)
        of = name if name in found.rows else found.computation
        split = next(m for m in found.merges if m.computation == of and m.lanes)
        rows, columns = found.rows[of], split.axis
        loops, inner = _loops(computation, found, split, rows, found.outer[of])
        first = name == chain[0]
        turned = computation.reduction is None and computation.placement is not None and found.turned
        entries.append(
            Entry(
                computation=name,
                loops=loops,
                tile=(columns, *inner, rows) if turned else (rows, columns, *inner),
                reduce=tuple(LoopOver(axis=axis) for axis in in_depth(computation)),
                lanes=rows if turned else inner[-1],
                share=(shared if slabs else 0) if first else len(loops),
                tasks=len(loops) if first and not (slabs and shared) else 0,
                reasons=found.reasons if first else (f"runs in the loops of {chain[0]}",),
            )
        )
    return entries


def _tiles(graph: Graph, found: Panel) -> list[str]:
    """The tile that the contraction is handed over in, if it does not store itself."""
    own = graph.computation(found.computation)
    if own.reduction is not None:
        return []
    return [name for name in graph.producers(own) if graph.computation(name).reduction is not None]


def _loops(
    computation: Computation, found: Panel, split: Merge, rows: str, outer: tuple[str, ...]
) -> tuple[tuple[LoopOver, ...], list[str]]:
    """The loops around a tile, and the axes of a vector's lanes."""
    tiles, extents = found.tiling, {axis.name: axis.extent.value() for axis in computation.axes}
    inner = [axis.name for axis in computation.axes if axis.name.startswith(split.lane)]
    rest = [axis for axis in extents if axis not in (rows, split.axis, *inner, *outer)]
    loops = [LoopOver(axis=axis) for axis in (*outer, *rest)]
    if extents[split.axis] > tiles.vectors:
        loops.append(LoopOver(axis=split.axis, block=tiles.vectors, rest=tiles.even_vectors))
    if extents[rows] > tiles.rows:
        loops.append(LoopOver(axis=rows, block=tiles.rows, rest=tiles.even_rows))
    return tuple(loops), inner


def _slab_entry(graph: Graph, slab: Slab, found: Panel) -> Entry:
    outer = found.outer[found.computation]
    axes = [axis.name for axis in graph.computation(slab.name).axes]
    loops = (*outer, *(axis for axis in axes if axis not in outer))
    return Entry(
        computation=slab.name,
        loops=tuple(LoopOver(axis=axis) for axis in loops),
        lanes=axes[-1],
        tasks=max(1, len(outer)),
        reasons=(f"what {found.computation} reads of {slab.tensor}, by the places that it is read at",),
    )


def _copy_entry(graph: Graph, pack: Pack) -> Entry:
    axes = [axis.name for axis in graph.computation(pack.name).axes]
    return Entry(
        computation=pack.name,
        loops=tuple(LoopOver(axis=axis) for axis in axes),
        lanes=axes[-1],
        tasks=1,
        reasons=(f"a copy for {pack.computation}, in the order in which it is read",),
    )
