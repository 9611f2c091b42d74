# SPDX-License-Identifier: Apache-2.0
"""The analytic plan: a few written rules, no search. Each decision leaves its reason in the plan.

1. What is cheap, or read once, is inlined (`recompute`).
2. Computations that share outer axes run in one kernel, if enough tasks remain and what they hand over stays in L2 (`groups`).
3. Operands are copied, and intermediates lie in memory, so that the computations around them are cheapest (`storing`).
4. A kernel's lanes are one shared axis, if that is cheaper than the best lanes of each computation by itself (`costs`).
5. The innermost shared axis is taken in blocks where a contraction can use what it loads for several of its places (`tiles`).
6. A pointwise computation that follows its producer place by place runs in the producer's loops, on its registers.
7. The outermost loops are tasks, as many as give each core several, of kernels that take long enough (`teams`).
8. Folds that differ only in what they finish with run in the loops of the first (`twins`).
9. Contractions with enough rows, columns and depth are tiled with their axes merged and what they load packed (`panels`).
10. Copies that transpose are turned tile by tile; large results go past the caches (`moves`).
11. A cycle is one kernel: loops over the axes that all reads among its members have bare, then its ordered axes place by
   place. Lanes are another axis, or a block of a shared one; blocks of a shared axis leave each core one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.selection import is_selection
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.apply import stage
from unrut.emitter.schedule.costs import Strides, deciding, iterations, number_of, work
from unrut.emitter.schedule.entries import Choice, Planner
from unrut.emitter.schedule.fetching import fetching
from unrut.emitter.schedule.groups import Group, footprint, groups
from unrut.emitter.schedule.inline import inline
from unrut.emitter.schedule.merging import merge
from unrut.emitter.schedule.moves import moved
from unrut.emitter.schedule.panel_entries import begun, panel_entries, paneled
from unrut.emitter.schedule.passes import stripped
from unrut.emitter.schedule.plan import Entry, LoopOver, Plan, total_depth
from unrut.emitter.schedule.recompute import inlined
from unrut.emitter.schedule.residues import in_classes
from unrut.emitter.schedule.sharing import Member, Sharing, edge
from unrut.emitter.schedule.slabs import slabbed
from unrut.emitter.schedule.stepping import stepped
from unrut.emitter.schedule.storing import settle_orders, staged, stored_order
from unrut.emitter.schedule.teams import with_teams
from unrut.emitter.schedule.tiles import even_block
from unrut.emitter.schedule.together import together
from unrut.emitter.schedule.twins import twin_entry, twins
from unrut.emitter.schedule.updates import update_entry

TASKS_PER_CORE = 16
SMALL = 20_000  # operations that are done before other threads have been woken
LONG = 8  # vectors of a line that is copied just before it is read: long runs are what memory is fast at
CHUNK = 4096  # places of a long line that one task takes
CHAINS = 4  # places whose steps go on side by side where there are no lanes: hides the latency of a step
PANEL = 96  # rows that one task takes of a contraction


def choose(graph: Graph, machine: Machine, layouts: Mapping[str, Layout], *, spare: bool = True) -> Plan:
    """The plan for a machine and for operands that lie like this. Deterministic; legal for every size.

    `spare`: little work wakes no threads.
    """
    names, reasons = inlined(graph)
    flat = inline(graph, names)
    apart = frozenset(paneled(flat, groups(flat, Sharing(flat), machine), layouts, machine))
    copied, why = staged(flat, layouts, machine, apart)
    flat = stage(flat, copied)
    reasons += why
    strides = Strides(flat, layouts)
    settle_orders(flat, strides, machine)
    planner = Planner(graph=flat, strides=strides, machine=machine)
    sharing = Sharing(flat)
    entries: list[Entry] = []
    kernels = groups(flat, sharing, machine)
    others, running = twins(kernels), set[str]()
    panels = paneled(flat, kernels, layouts, machine)
    frame = begun(graph.program.name, panels.values())
    whole = merge(slabbed(in_classes(flat, frame), frame), frame)
    for group in kernels:
        if group.members[0].name in running:
            continue
        if group.members[0].name in panels:
            entries += panel_entries(whole, panels[group.members[0].name])
            continue
        found = _kernel(planner, sharing, group)
        if found[0].loops:
            first = group.members[0]
            found += [twin_entry(found[0], first, second) for second in others.get(first.name, ())]
            running |= {second.name for second in others.get(first.name, ())}
        entries += found
    for group, following in zip(kernels, (*kernels[1:], None), strict=True):
        joins = following is not None and following.members[0].name in running
        reasons += (group.reason,) if group.reason and not joins else ()
    ordered = fetching(whole, machine, strides.over(whole), entries)
    ordered = tuple(replace(e, stored=stored_order(whole.computation(e.computation), strides)) for e in ordered)
    final = tuple(moved(whole, strides.over(whole), machine, ordered))
    plan = replace(frame, inlined=names, staged=copied, entries=final, reasons=reasons)
    return with_teams(whole, plan, strides.over(whole), machine) if spare else plan


def _kernel(planner: Planner, sharing: Sharing, group: Group) -> list[Entry]:
    if group.members[0].update is not None:
        return [update_entry(planner, group.members[0])]
    if len(group.members) == 1 and group.cycle is None:
        entry = _alone(planner, group.members[0])
        return [replace(entry, tasks=_tasks(planner, group, entry, len(entry.loops)))]
    common, own = _common_lanes(planner, sharing, group)
    blocks = _blocks(planner, sharing, group, common, own)
    entries: list[Entry] = []
    steps = {} if group.cycle is None else {each.name: each for each in stepped(group.cycle)}
    members, found = (group.members, {}) if steps else together(planner, sharing, group, blocks, common, own)
    for member in members:
        prefix = tuple(
            LoopOver(axis=_axis(sharing, member, name), block=blocks.get(name, 1)) for name in _order(group, blocks)
        )
        share = len(prefix) if entries else 0
        runs_on = bool(entries)
        if member.name in steps:
            here = steps[member.name]
            share = len(prefix) + here.common if entries else 0
            runs_on = runs_on and here.common == len(here.axes) == len(steps[entries[-1].computation].axes)
            prefix = (*prefix, *(LoopOver(axis=axis) for axis in here.axes))
        inside = found.get(member.name)
        if inside is not None:
            prefix = (*prefix, *inside.loops[member.name])
            share = share if inside.members[0] == member.name else len(prefix)
        lanes = own[member.name]
        if common is not None:
            lanes = replace(
                lanes, axis=_axis(sharing, member, common), reason=f"lanes are those of the kernel; {lanes.reason}"
            )
        follower = _follower(planner, entries, member) if runs_on else None
        if follower is not None and follower.loops[: len(prefix)] != prefix:
            follower = None  # a pass that begins here goes its own way
        entry = follower or planner.entry(member, prefix, lanes, share)
        if inside is not None and inside.members[0] != member.name:
            entry = replace(entry, reasons=(*entry.reasons, inside.reason))
        entries.append(entry)
    shared = len(group.shared)
    entries[0] = replace(entries[0], tasks=_tasks(planner, group, entries[0], shared))
    return entries


def _axis(sharing: Sharing, member: Computation, name: Member) -> str:
    found = sharing.axis_of(member, name)
    assert found is not None, (member.name, name)
    return found


def _order(group: Group, blocks: Mapping[Member, int]) -> list[Member]:
    """The shared classes, those that are blocked last."""
    return sorted(group.shared, key=lambda name: name in blocks)


def _common_lanes(planner: Planner, sharing: Sharing, group: Group) -> tuple[Member | None, dict[str, Choice]]:
    """The shared class that is best as lanes of every member, or None if each does better by itself."""
    own: dict[str, Choice] = {}
    steps = {} if group.cycle is None else group.cycle.paths()
    for member in group.members:
        taken = frozenset(_axis(sharing, member, name) for name in group.shared).union(steps.get(member.name, ()))
        own[member.name] = planner.lanes(member, taken)
    best, least = None, sum(choice.cost for choice in own.values())
    for name in group.shared:
        if group.cycle is not None and not all(_dense(planner, m, _axis(sharing, m, name)) for m in group.members):
            continue
        total = sum(planner.cost(member, _axis(sharing, member, name)) for member in group.members)
        if total < least:
            best, least = name, total
    return best, own


def _dense(planner: Planner, member: Computation, axis: str) -> bool:
    """Whether lanes along an axis touch neighbours alone: steps that gather lines of memory keep none of them."""
    steps = [planner.strides.along(access, axis) for access in accesses(member)]
    written = member.name not in planner.graph.program.results or member.axes[-1].name == axis
    return written and all(step in (0, 1) for step in steps)


def _blocks(
    planner: Planner, sharing: Sharing, group: Group, common: Member | None, own: Mapping[str, Choice]
) -> dict[Member, int]:
    """Which shared classes are taken in blocks, and of how many places."""
    limit = planner.machine.l2 * 3 // 4
    members = list(group.members)

    def fits(blocks: dict[Member, int]) -> bool:
        strips = {} if group.cycle else stripped(together(planner, sharing, group, blocks, common, own)[1], sharing)
        return footprint(planner.graph, sharing, members, group.shared, blocks, group.cycle, strips)[1] <= limit

    blocks: dict[Member, int] = {}
    if common is not None:
        if all(member.reduction is None for member in members) and group.cycle is None:
            return {}
        width = planner.machine.lanes(members[0].body.dtype.size)
        extent = number_of(members[0].extents()[_axis(sharing, members[0], common)])
        copied = members[0].statement in {operand.name for operand in planner.graph.program.operands}
        vectors = next(
            (v for v in (LONG if copied else 4, 4, 2, 1) if extent >= v * width and fits({common: v * width})), 1
        )
        return {common: vectors * width}
    if group.cycle is not None and group.shared and all(member.reduction is None for member in members):
        last = group.shared[-1]
        extent = number_of(members[0].extents()[_axis(sharing, members[0], last)])
        return {last: CHAINS} if extent >= CHAINS * planner.machine.cores else {}
    rows: list[Member] = []
    for member in members:
        lanes = own[member.name].axis
        if (
            member.reduction is None
            or is_selection(member)
            or not lanes
            or not any(a.name == lanes for a in member.axes)
        ):
            continue
        found = [a for a in accesses(member) if lanes in a.axes()]
        rows += [
            name for name in group.shared if any(_axis(sharing, member, name) not in access.axes() for access in found)
        ]
    single = {(member.name, axis) for member in members for axis in deciding(member)}
    for name in reversed(group.shared):
        if name in rows and not any((member.name, _axis(sharing, member, name)) in single for member in members):
            extent = number_of(members[0].extents()[_axis(sharing, members[0], name)])
            most = 6 if group.cycle is None else max(1, min(8, extent // planner.machine.cores))
            block = even_block(extent, most) if most > 1 else 1
            if block > 1 and fits({name: block}):
                return {name: block}
    return blocks


def _follower(planner: Planner, entries: list[Entry], member: Computation) -> Entry | None:
    """The entry of a pointwise computation that runs in the loops of the one before it, which it reads place by place."""
    before = entries[-1]
    producer = planner.graph.computation(before.computation)
    reads = {access.tensor for access in accesses(member)}
    if total_depth(producer, before) is not None:
        return None
    if member.reduction is not None or producer.name not in reads or len(member.axes) != len(producer.axes):
        return None
    pairs = dict(edge(producer, member).pairs)
    if len(pairs) != len(producer.axes) or len(set(pairs.values())) != len(pairs):
        return None
    depth = len(before.loops)
    for earlier in entries[:-1]:
        if earlier.computation in reads:
            depth_there = min(e.share for e in entries[entries.index(earlier) + 1 :])
            aligned = dict(edge(planner.graph.computation(earlier.computation), member).pairs)
            loops = zip(earlier.loops[:depth_there], before.loops[:depth_there], strict=True)
            if any(aligned.get(a.axis) != pairs[b.axis] for a, b in loops):
                return None
    return Entry(
        computation=member.name,
        loops=tuple(LoopOver(axis=pairs[over.axis], block=over.block) for over in before.loops),
        tile=tuple(pairs[axis] for axis in before.tile),
        lanes=pairs.get(before.lanes, ""),
        share=depth,
        reasons=(f"runs in the loops of {before.computation}",),
    )


def _alone(planner: Planner, computation: Computation) -> Entry:
    """A kernel of one computation."""
    lanes = planner.lanes(computation)
    entry = planner.entry(computation, (), lanes, 0)
    if computation.reduction is None or is_selection(computation):
        return _chunked(planner, computation, entry)
    if planner.is_contraction(computation) and entry.tile[:-1] and entry.loops:
        return _paneled(planner, computation, entry)
    return entry


def _chunked(planner: Planner, computation: Computation, entry: Entry) -> Entry:
    """A pointwise computation of one long line is cut, so that there are tasks."""
    if len(entry.loops) != 1 or iterations(computation) * max(1.0, work(computation.body)) < SMALL:
        return entry
    axis = entry.loops[0].axis
    if number_of(computation.extents()[axis]) <= CHUNK and computation.extents()[axis].is_fixed:
        return entry
    return replace(entry, loops=(LoopOver(axis=axis, block=CHUNK), *entry.loops))


def _paneled(planner: Planner, computation: Computation, entry: Entry) -> Entry:
    """A contraction goes through panels of rows, each of which meets all blocks of lanes: the lanes' operand stays near."""
    row = entry.loops[-1]
    extent = number_of(computation.extents()[row.axis])
    if row.block == 1 or row.axis == entry.lanes or extent <= row.block * 2:
        return entry
    panel = row.block * max(1, PANEL // row.block)
    enough = planner.machine.cores * 4
    while panel > row.block and extent // panel < enough:
        panel -= row.block
    if panel == row.block or extent <= panel:
        return entry
    blocked = [over for over in entry.loops if over.block > 1]
    plain = [over for over in entry.loops if over.block == 1]
    loops = (*plain, LoopOver(axis=row.axis, block=panel), *blocked)
    return replace(
        entry, loops=loops, reasons=(*entry.reasons, f"panels of {panel} {row.axis}: {extent} in even parts")
    )


def _tasks(planner: Planner, group: Group, entry: Entry, most: int) -> int:
    """How many of the outermost loops are tasks: enough for the cores."""
    computation = planner.graph.computation(entry.computation)
    count, places, seen = 0, 1, set[str]()
    for over in entry.loops[:most]:
        vector = over.axis == entry.lanes and over.block == 1 and over is entry.loops[-1]
        if places >= TASKS_PER_CORE * planner.machine.cores or over.axis in seen or vector:
            break
        places *= -(-number_of(computation.extents()[over.axis]) // over.block)
        seen.add(over.axis)
        count += 1
    return count
