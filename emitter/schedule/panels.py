# SPDX-License-Identifier: Apache-2.0
"""Contractions at the rate of the multiplier: which axes are rows and which are columns, in tiles that are full.

Columns are free axes that some operands of the reduction have and others don't; rows are those that only others have. Rows
are merged, and columns are merged into vectors, so that a tile of rows x vectors is cut off once for all axes, not once for
each. What columns are read from is packed, vector after vector along the reduction, unless it lies like that already;
rows are read in place. Of the ways to choose columns the cheapest is taken, in cycles:

    tiles    rows and vectors of a tile over two fused multiplications a cycle, its loads over two a cycle, its latency
    packs    elements of what is packed, by the length of its runs
    stores   elements of the result, by the length of its runs

Source: Goto, van de Geijn 2008, "Anatomy of high-performance matrix multiplication"; Springer, Bientinesi 2016.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod

from unrut.emitter.graph.computation import Computation, Folded, Graph
from unrut.emitter.graph.laws import law
from unrut.emitter.graph.linear import axis_value, linear
from unrut.emitter.graph.names import Names, taken_by
from unrut.emitter.graph.selection import is_selection
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import number_of, places, work
from unrut.emitter.schedule.lying import lane_run, lies_well, run_cost, run_of, store_cost
from unrut.emitter.schedule.merging import merged_alike
from unrut.emitter.schedule.plan import Classes, Merge, Pack, Plan, Slab
from unrut.emitter.schedule.residues import class_fault, in_classes, residue_classes, with_classes
from unrut.emitter.schedule.slab_choice import slabs_for
from unrut.emitter.schedule.tiling import TILE, Tiling, tiling
from unrut.program.nodes import Cast, Expr, Read
from unrut.program.walk import children, free_axes, reads, subexpressions

LEAST_ROWS, LEAST_DEPTH = 4, 4
FAR = 1.0  # cycles to bring an element of a copy from memory, and back
LEAST_RATE = 0.08  # of the multiplier: tiles that are mostly padding are left to other plans
WORTH = 0.35  # packing and storing may cost this share of the tiles; more is left to plans that stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A contraction by tiles: slabs, `merges` and `packs` of the computation and of what follows it, and the tiles.

    By computation: the axis of `rows`, and the axes of `outer` loops, inside of which slabs are made.
    """

    computation: str
    followers: tuple[str, ...]
    classes: tuple[Classes, ...]
    slabs: tuple[Slab, ...]
    merges: tuple[Merge, ...]
    packs: tuple[Pack, ...]
    rows: dict[str, str]
    outer: dict[str, tuple[str, ...]]
    turned: bool
    tiling: Tiling
    cost: float
    reasons: tuple[str, ...]


def panel(
    graph: Graph, members: tuple[Computation, ...], layouts: Mapping[str, Layout], machine: Machine, given: Names
) -> Panel | None:
    """The cheapest panels for a contraction and the pointwise computations that follow it; None where there are none."""
    first = members[0]
    pairs = _followers(graph, members)
    if pairs is None or not _is_contraction(graph, first):
        return None
    classes = residue_classes(first)
    if classes:
        begun = Plan(program=graph.program.name, inlined=(), entries=(), classes=classes)
        if len(members) > 1 or class_fault(graph, begun):
            return None
        first = with_classes(first, classes)
        members, graph = (first,), in_classes(graph, begun)
    found = [
        replace(each, classes=classes)
        for columns in _column_sides(first)
        if (each := _panel(graph, first, members, columns, layouts, machine, given)) is not None
    ]
    best = min(found, key=lambda each: each.cost, default=None)
    if best is None:
        return None
    merges = list(best.merges)
    rows, outer = dict(best.rows), dict(best.outer)
    for name, axes in pairs.items():
        for m in best.merges:
            merges.append(replace(m, computation=name, of=tuple(axes[axis] for axis in m.of)))
        rows[name] = axes.get(rows[first.name], rows[first.name])
        outer[name] = tuple(axes[axis] for axis in outer[first.name])
    plan = Plan(program=graph.program.name, inlined=(), entries=(), merged=tuple(merges))
    readers = [
        (before, after) for before in members for after in members if before.name in {r.tensor for r in after.reads()}
    ]
    if not all(merged_alike(graph, plan, after, before) for before, after in readers):
        return None
    return replace(best, merges=tuple(merges), rows=rows, outer=outer)


def _is_contraction(graph: Graph, computation: Computation) -> bool:
    reduction = computation.reduction
    if (
        reduction is None
        or computation.update is not None
        or is_selection(computation)
        or graph.updates(computation.name)
    ):
        return False
    if isinstance(reduction.kind, Folded) or not law(reduction.kind).commutative:
        return False
    if graph.cycle_of(computation.name) is not None or computation.body.dtype.size < 4:
        return False
    if computation.name in graph.kept and computation.name not in graph.program.results:
        return False
    fixed = all(axis.extent.is_fixed and axis.extent.value() > 0 for axis in computation.axes)
    ranges = all(axis.start is None and axis.stop is None for axis in computation.reduced)
    return fixed and ranges


def _followers(graph: Graph, members: tuple[Computation, ...]) -> dict[str, dict[str, str]] | None:
    """For pointwise computations that go through the contraction's places, their axes for its own; None if some don't."""
    found: dict[str, dict[str, str]] = {}
    inside = {members[0].name: {axis.name: axis.name for axis in members[0].axes}}
    names = {member.name for member in members}
    for member in members[1:]:
        if member.reduction is not None or member.update is not None:
            return None
        pairs: dict[str, str] = {}
        for read in member.reads():
            if read.tensor not in names:
                continue
            if read.tensor not in inside:
                return None
            for axis, subscript in zip(graph.computation(read.tensor).axes, read.subscripts, strict=True):
                own = next(a for a, b in inside[read.tensor].items() if b == axis.name)
                form = linear(subscript)
                bare = next((a for a in form.axes() if form == axis_value(a)), None)
                if bare is None or pairs.setdefault(own, bare) != bare:
                    return None
        if len(set(pairs.values())) != len(members[0].axes) or len(member.axes) != len(pairs):
            return None
        extents = members[0].extents()
        if any(member.extents()[b] != extents[a] for a, b in pairs.items()):
            return None
        inside[member.name] = found[member.name] = pairs
    for member in members[:-1]:
        handed = all(reader.name in names for reader in graph.consumers(member.name))
        if member.name in graph.kept or not handed:
            return None
    return found


def _column_sides(computation: Computation) -> Iterator[tuple[str, ...]]:
    """The choices of columns: free axes that the same reads have, or the innermost of them inside of loops over the others."""
    having = _having(computation)
    for signature in dict.fromkeys(having.values()):
        if signature and any(not signature & other for other in having.values() if other):
            found = tuple(axis.name for axis in computation.axes if having[axis.name] == signature)
            yield found
            if len(found) > 1:
                yield found[-1:]


def _having(computation: Computation) -> dict[str, frozenset[Read]]:
    found = list(dict.fromkeys(reads(computation.body)))
    return {a.name: frozenset(r for r in found if a.name in free_axes(r)) for a in computation.axes}


def _panel(
    graph: Graph,
    computation: Computation,
    members: tuple[Computation, ...],
    columns: tuple[str, ...],
    layouts: Mapping[str, Layout],
    machine: Machine,
    given: Names,
) -> Panel | None:
    having = _having(computation)
    side = having[columns[0]]
    assert computation.reduction is not None
    tested = frozenset[str]().union(*map(free_axes, computation.reduction.where))
    rows = tuple(
        a.name for a in computation.axes if having[a.name] and not having[a.name] & side and a.name not in tested
    )
    if tested & set(columns) or any(next(reads(test), None) is not None for test in computation.reduction.where):
        return None
    extents = {name: number_of(extent) for name, extent in computation.extents().items()}
    slabs, computation, sliced = slabs_for(graph, computation, rows, layouts, machine, given)
    outer = tuple(axis for axis in rows if axis in sliced)
    rows = tuple(axis for axis in rows if axis not in outer)
    m, n = prod(extents[a] for a in rows), prod(extents[a] for a in columns)
    depth = places(axis.extent for axis in computation.reduced)
    repeats = prod(extents[a.name] for a in computation.axes if a.name not in (*rows, *columns))
    if not rows or m < LEAST_ROWS or 2 * n < machine.lanes(computation.body.dtype.size) or depth < LEAST_DEPTH:
        return None
    lanes = machine.lanes(computation.body.dtype.size)
    tiles = tiling(m, -(-n // lanes), depth, machine)
    operations = max(1.0, work(computation.body))
    names = Names(taken=set(taken_by(graph.program)) | set(extents))
    for member in members:
        names.taken |= set(member.extents())
    row = names.fresh("".join(rows)) if len(rows) > 1 else ""
    column = names.fresh("".join(columns) if len(columns) > 1 else f"{columns[0]}_vec")
    own = (Merge(computation=computation.name, axis=row, of=rows),) if row else ()
    merges = (*own, Merge(computation=computation.name, axis=column, of=columns, lanes=lanes))
    packs: list[Pack] = []
    packing, said = 0.0, list[str]()
    for part in _parts(computation.body, frozenset(columns)):
        order = _order(computation, part, columns, merges[-1])
        elements = prod(extents[a] for a in free_axes(part))
        if n % lanes == 0 and lies_well(
            part, columns, layouts, machine, extents, in_depth(computation), tiles.vectors * lanes, m
        ):
            said.append(f"{_text(part)} in place")
            continue
        packs.append(
            Pack(computation=computation.name, name=given.fresh(f"{next(reads(part)).tensor}_packed"), order=order)
        )
        whole = lane_run([extents[axis] for axis in columns], lanes)
        read = run_of(part, columns[-1], layouts, extents)
        far = FAR if elements * part.dtype.size > machine.l2 else 0.0
        cost = elements * (run_cost(min(read, whole), lanes) + work(part) / lanes + far)
        packing += cost
        said.append(f"{_text(part)} packed: {elements} elements, {cost:.3g} cycles")
    last = members[-1].axes[-1].name if len(members) == 1 else columns[-1]
    run = lane_run([extents[axis] for axis in columns], lanes) if last == columns[-1] else 1
    storing = repeats * m * n * store_cost(run, lanes)
    compute = tiles.cycles * depth * repeats * max(1.0, operations) + TILE * tiles.count * repeats
    for slab, cost in slabs:
        packing += cost
        said.append(f"{slab.tensor} as {slab.name}, {cost:.3g} cycles")
    ideal = m * n * depth * repeats / lanes / 2 * max(1.0, operations)
    if packing + storing > WORTH * compute or ideal < LEAST_RATE * compute:
        return None
    shape = f"tile {tiles.rows} rows x {tiles.vectors} vectors of {lanes}"
    reasons = (
        f"{shape}: {' '.join(rows)} ({m}) by {' '.join(columns)} ({n}), {ideal / compute:.0%} of the multiplier's rate",
        "; ".join(said) + f"; storing {storing:.3g} of {compute + packing + storing:.3g} cycles",
    )
    return Panel(
        computation=computation.name,
        followers=tuple(member.name for member in members[1:]),
        classes=(),
        slabs=tuple(slab for slab, _ in slabs),
        merges=merges,
        packs=tuple(packs),
        rows={computation.name: row or rows[0]},
        outer={computation.name: outer},
        turned=members[-1].axes[-1].name in rows if len(members) == 1 else False,
        tiling=tiles,
        cost=compute + packing + storing,
        reasons=reasons,
    )


def _parts(expr: Expr, columns: frozenset[str]) -> list[Expr]:
    """The largest parts of a body that read along columns, and along nothing that others have alone."""
    if isinstance(expr, Read):
        return [expr] if free_axes(expr) & columns else []
    if isinstance(expr, Cast) or len(children(expr)) == 1:
        inner = _parts(children(expr)[0], columns)
        return [expr] if inner == [children(expr)[0]] else inner
    return list(dict.fromkeys(part for each in children(expr) for part in _parts(each, columns)))


def _order(computation: Computation, part: Expr, columns: tuple[str, ...], merge: Merge) -> tuple[str, ...]:
    """How a packed part lies: axes of all tiles, vectors, then along the reduction, lanes last."""
    own = free_axes(part)
    outer = [a.name for a in computation.axes if a.name in own and a.name not in columns]
    return (*outer, merge.axis, *(axis for axis in in_depth(computation) if axis in own), merge.lane)


def in_depth(computation: Computation) -> tuple[str, ...]:
    """The reduced axes as they are gone through: first those that conditions are about, so that the inner ones are whole."""
    tests = computation.reduction.where if computation.reduction is not None else ()
    tested = frozenset[str]().union(*map(free_axes, tests))
    names = [axis.name for axis in computation.reduced]
    return tuple(sorted(names, key=lambda name: name not in tested))


def _text(part: Expr) -> str:
    return " ".join(dict.fromkeys(e.tensor for e in subexpressions(part) if isinstance(e, Read)))
