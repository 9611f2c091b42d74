# SPDX-License-Identifier: Apache-2.0
"""Random legal plans: whatever the planner would never choose, lowering has to get right all the same."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from unrut.emitter.graph import Computation, Graph
from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.laws import law
from unrut.emitter.schedule.apply import applied
from unrut.emitter.schedule.legal import check_legal
from unrut.emitter.schedule.legal_merges import merge_fault
from unrut.emitter.schedule.legal_totals import may_go_on
from unrut.emitter.schedule.plain import plain
from unrut.emitter.schedule.plan import Classes, Entry, LoopOver, Merge, Pack, Plan, Slab
from unrut.emitter.schedule.residues import in_classes
from unrut.emitter.schedule.slabs import slabbed
from unrut.errors import PlanError
from unrut.program.walk import free_axes

BLOCKS = (2, 3, 4, 8)


def aligned_axis(
    consumer: Computation, producer: Computation, axis: str, chance: random.Random, *, reckless: bool
) -> str | None:
    """An axis of the consumer that could share a loop with `axis` of the computation before it; `reckless`: that fits."""
    if producer.placement is not None:
        return None
    if axis not in [a.name for a in producer.axes]:
        return None if not reckless else chance.choice([a.name for a in consumer.axes] or [None])
    dimension = [a.name for a in producer.axes].index(axis)
    read = {a.aligned(dimension) for a in accesses(consumer) if a.tensor == producer.name}
    extent = producer.axes[dimension].extent
    axes = [*consumer.axes, *(a for a in consumer.reduced if may_go_on(consumer, a.name))]
    fitting = [a.name for a in axes if a.extent == extent and (reckless or not read or read == {a.name})]
    return chance.choice(fitting) if fitting else None


def random_loops(computation: Computation, begun: list[LoopOver], chance: random.Random) -> list[LoopOver]:
    """Outer loops that begin with `begun`; a reduction's go on until its accumulators have a fixed size."""
    loops = list(begun)
    last = {loop.axis: loop.block for loop in loops}
    axes = [a for a in computation.axes if last.get(a.name) != 1]
    axes += [
        a
        for a in computation.reduced
        if last.get(a.name) != 1 and chance.random() < 0.3 and may_go_on(computation, a.name)
    ]
    chance.shuffle(axes)
    for axis in axes:
        block = chance.choice((1, 1, *BLOCKS))
        must = not axis.extent.is_fixed or axis.extent.value() > 8
        if axis.name in last and block >= last[axis.name]:
            continue
        free = axis in computation.axes
        if (computation.reduction is not None and free and must and axis.name not in last) or chance.random() < 0.6:
            over = LoopOver(axis=axis.name, block=block, rest=chance.randint(1, block - 1) if block > 1 else 0)
            even = axis.extent.is_fixed and axis.name not in last and over.counts(axis.extent.value()) is not None
            even = even and free
            loops.append(over if even and chance.random() < 0.4 else replace(over, rest=0))
            if block > 2 and chance.random() < 0.2:
                loops.append(LoopOver(axis=axis.name, block=chance.choice((1, 2))))
    return loops


def random_entry(
    computation: Computation,
    before: tuple[Computation, Entry] | None,
    chance: random.Random,
    *,
    reckless: bool = False,
) -> Entry:
    begun: list[LoopOver] = []
    if before is not None and chance.random() < 0.8:
        shared: dict[str, str] = {}
        for loop in before[1].loops[: chance.randint(0, len(before[1].loops))]:
            axis = shared.get(loop.axis) or aligned_axis(computation, before[0], loop.axis, chance, reckless=reckless)
            if axis is None or (loop.axis not in shared and axis in shared.values()):
                break
            shared[loop.axis] = axis
            begun.append(LoopOver(axis=axis, block=loop.block, rest=loop.rest))
    loops = random_loops(computation, begun, chance)
    closed = {loop.axis for loop in loops if loop.block == 1}
    tile = [a.name for a in computation.axes if a.name not in closed]
    chance.shuffle(tile)
    reduce = [LoopOver(axis=a.name) for a in computation.reduced if a.name not in closed]
    lanes = chance.choice(["", *[a.name for a in computation.axes], *tile[-1:]])
    if reduce and computation.reduction is not None and law(computation.reduction.kind).commutative:
        chance.shuffle(reduce)
        if chance.random() < 0.4:
            reduce[-1] = LoopOver(axis=reduce[-1].axis, block=chance.choice(BLOCKS))
            lanes = reduce[-1].axis
    stored = [a.name for a in computation.dims]
    if chance.random() < 0.3:
        chance.shuffle(stored)
    tasks = 0
    if not begun:
        once, free = 0, {a.name for a in computation.axes}
        while once < len(loops) and loops[once].axis in free - {loop.axis for loop in loops[:once]}:
            once += 1
        tasks = chance.randint(0, once)
    turns = [axis for axis in tile if axis != lanes] if lanes in tile else []
    return Entry(
        computation=computation.name, loops=tuple(loops), tile=tuple(tile), reduce=tuple(reduce), lanes=lanes,
        turn=tuple(chance.sample(turns, chance.randint(0, len(turns)))), past=lanes in tile and chance.random() < 0.2,
        stored=tuple(stored), share=len(begun), tasks=tasks,
        price=chance.choice((0, 9, 10**9)),
    )  # fmt: skip


def random_slabs(graph: Graph, chance: random.Random) -> tuple[Slab, ...]:
    """Copies of what a few computations read, each legal by itself."""
    found: tuple[Slab, ...] = ()
    for computation in graph.computations:
        for tensor in dict.fromkeys(read.tensor for read in computation.reads()):
            slab = Slab(computation=computation.name, name=f"slab{len(found)}", tensor=tensor)
            plan = replace(_only(graph, (), ()), slabs=(*found, slab))
            if chance.random() < 0.4 and not merge_fault(graph, plan):
                found = plan.slabs
    return found


def random_classes(graph: Graph, chance: random.Random) -> tuple[Classes, ...]:
    """Axes in classes, each legal by itself."""
    found: tuple[Classes, ...] = ()
    for computation in graph.computations:
        for axis in computation.axes:
            each = Classes(computation=computation.name, axis=axis.name, by=chance.choice((2, 2, 3)))
            if chance.random() < 0.15 and not merge_fault(graph, replace(_only(graph, (), ()), classes=(*found, each))):
                found = (*found, each)
    return found


def random_merges(graph: Graph, chance: random.Random) -> tuple[tuple[Merge, ...], tuple[Pack, ...]]:
    """Merges of a few computations, of readers often like those of what they read, and copies; each legal by itself."""
    merged: tuple[Merge, ...] = ()
    packed: tuple[Pack, ...] = ()
    for computation in graph.computations:
        if chance.random() < 0.5:
            continue
        axes = [a.name for a in computation.axes if a.extent.is_fixed]
        chance.shuffle(axes)
        cut = chance.randint(0, len(axes))
        rows, columns = axes[:cut][: chance.randint(1, 3)], axes[cut:][: chance.randint(1, 2)]
        own = [Merge(computation=computation.name, axis="rows", of=tuple(rows))] if rows else []
        if columns:
            lanes = chance.choice((2, 3, 4, 8))
            own.append(Merge(computation=computation.name, axis="columns", of=tuple(columns), lanes=lanes))
        before = [m for m in merged if any(m.computation == name for name in graph.producers(computation))]
        alike = [replace(m, computation=computation.name) for m in before]
        own = alike if alike and chance.random() < 0.7 else own
        if own and not merge_fault(graph, _only(graph, (*merged, *own), packed)):
            merged = (*merged, *own)
            packed = (*packed, *_random_packs(graph, computation, merged, packed, chance))
    return merged, packed


def _random_packs(
    graph: Graph, computation: Computation, merged: tuple[Merge, ...], packed: tuple[Pack, ...], chance: random.Random
) -> tuple[Pack, ...]:
    values = {axis: m for m in merged if m.computation == computation.name for axis in m.of}
    found: list[Pack] = []
    for read in dict.fromkeys(computation.reads()):
        names: list[str] = []
        for axis in sorted(free_axes(read)):
            m = values.get(axis)
            names += [axis] if m is None else [m.axis, m.lane] if m.lanes else [m.axis]
        order = list(dict.fromkeys(names))
        chance.shuffle(order)
        pack = Pack(computation=computation.name, name=f"copy{len(packed) + len(found)}", order=tuple(order))
        if chance.random() < 0.6 and not merge_fault(graph, _only(graph, merged, (*packed, *found, pack))):
            found.append(pack)
    return tuple(found)


def _only(graph: Graph, merged: tuple[Merge, ...], packed: tuple[Pack, ...]) -> Plan:
    return Plan(program=graph.program.name, inlined=(), entries=(), merged=merged, packed=packed)


def draw_plan(graph: Graph, seed: int) -> Plan:
    """A random legal plan; the same for the same seed."""
    chance = random.Random(seed)
    circles = {name for cycle in graph.cycles for name in cycle.tensors()}
    changed = {c.name for c in graph.computations if c.update is not None or graph.updates(c.name)}
    kept = {*graph.program.results, *graph.kept, *circles, *changed}
    pointwise = [c.name for c in graph.computations if c.reduction is None and c.name not in kept]
    inlined = tuple(name for name in pointwise if chance.random() < 0.3)
    staged = tuple(o.name for o in graph.program.operands if chance.random() < 0.2)
    alone = bool(inlined or staged) or chance.random() < 0.4
    classes = () if alone or chance.random() < 0.5 else random_classes(graph, chance)
    over = in_classes(graph, replace(_only(graph, (), ()), classes=classes))
    slabs = () if alone or chance.random() < 0.5 else random_slabs(over, chance)
    over = slabbed(over, replace(_only(graph, (), ()), slabs=slabs))
    merged, packed = ((), ()) if alone else random_merges(over, chance)
    begun = replace(_only(graph, merged, packed), staged=staged, classes=classes, slabs=slabs)
    for names in (inlined, (), ()):  # some terms have to lie in a tensor of their own, in their order
        try:
            return _drawn(graph, replace(begun, inlined=names), chance)
        except PlanError:
            continue
    return plain(graph)


def _drawn(graph: Graph, begun: Plan, chance: random.Random) -> Plan:
    flat = applied(graph, begun)
    entries: list[Entry] = []
    steps = {entry.computation: entry for entry in plain(flat).entries}
    for computation in flat.computations:
        cycle = flat.cycle_of(computation.name)
        if cycle is not None:
            free = [a.name for a in computation.axes if a.name not in cycle.paths()[computation.name]]
            entries.append(replace(steps[computation.name], lanes=chance.choice(["", *free[-1:]])))
            continue
        before = (flat.computation(entries[-1].computation), entries[-1]) if entries else None
        for _ in range(8):
            entry = random_entry(computation, before, chance)
            part = Graph(program=graph.program, computations=flat.computations[: len(entries) + 1])
            try:
                check_legal(part, Plan(program=graph.program.name, inlined=(), entries=(*entries, entry)))
            except PlanError:
                continue
            break
        else:
            entry = steps[computation.name]
        entries.append(entry)
    plan = replace(begun, entries=tuple(entries))
    check_legal(graph, plan)
    return plan


def draw_reckless_plan(graph: Graph, seed: int) -> Plan:
    """A random plan that shares loops wherever extents fit, legal or not."""
    chance = random.Random(seed)
    entries: list[Entry] = []
    for computation in graph.computations:
        before = (graph.computation(entries[-1].computation), entries[-1]) if entries else None
        entries.append(random_entry(computation, before, chance, reckless=True))
    return Plan(program=graph.program.name, inlined=(), entries=tuple(entries))


@pytest.fixture
def reckless_plan():
    return draw_reckless_plan


@pytest.fixture
def legal_plan():
    return draw_plan
