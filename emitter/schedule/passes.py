# SPDX-License-Identifier: Apache-2.0
"""Passes: neighbours in a kernel that go through an axis together, so that what they hand over is read while it is near.

Before:  S: loops q k         m: loops q; reduce k           (m reads S, of which a row is larger than L1)
After:   S: loops q k/128 k   m: loops q k/128; reduce k; share 2

In order, a computation joins the pass before it along an axis that is free in what it reads there, at the same places (or
in what somebody reads together with it), and free or reduced (`may_go_on`) in itself; it can't read what is reduced over
that axis in the pass, which is not known yet. What stands between and needs nothing of the pass goes before it.
A pass is worth its while where a tensor that stays in it is larger than NEAR of L1. It goes along as many axes, the
outermost place by place, and the last one in blocks, as make what it hands over at a time fit there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.classes import classes as axis_classes
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.selection import is_selection, rank_axes
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import deciding, number_of, ranged
from unrut.emitter.schedule.legal_totals import may_go_on
from unrut.emitter.schedule.plan import LoopOver
from unrut.emitter.schedule.sharing import Member, Sharing
from unrut.emitter.schedule.tiles import reused

ROWS = 4
NEAR = 0.75  # the share of L1 for what a pass hands over


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Neighbours, and the loops that they share below those of the kernel, by name of each."""

    members: tuple[str, ...]
    loops: Mapping[str, tuple[LoopOver, ...]]
    reason: str


class Classes:
    """Classes of axes, free and reduced, joined by reads that have them bare."""

    def __init__(self, members: Sequence[Computation]) -> None:
        self.root: dict[Member, Member] = {}
        made = {member.name: member for member in members}
        for member in members:
            for access in accesses(member):
                producer = made.get(access.tensor)
                for d, axis in enumerate(producer.axes if producer is not None else ()):
                    other = access.aligned(d)
                    one = self.find((access.tensor, axis.name))
                    if other is not None and self.find((member.name, other)) != one:
                        self.root[self.find((member.name, other))] = one

    def find(self, axis: Member) -> Member:
        """The representative of an axis's class."""
        while axis in self.root:
            axis = self.root[axis]
        return axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What passes are looked for in: the axes of each member that loops of the kernel go through, and its lanes."""

    graph: Graph
    machine: Machine
    members: Mapping[str, Computation]
    taken: Mapping[str, Mapping[str, int]]
    lanes: Mapping[str, str]
    classes: Classes

    def places(self, member: Computation, without: frozenset[str] = frozenset()) -> int:
        """How many elements of a member's tensor one place of the kernel's loops, and of further axes, has."""
        total = 1
        for axis in member.axes:
            if axis.name not in without:
                extent = number_of(axis.extent)
                total *= min(self.taken[member.name].get(axis.name, extent), extent)
        return total


Axes = dict[str, str]


def stripped(found: Mapping[str, Pass], sharing: Sharing) -> dict[str, dict[str, int]]:
    """For tensors that nobody reads outside of their pass, what is kept of them at a time: blocks by axis."""
    return {
        name: {over.axis: over.block for over in each.loops[name]}
        for name, each in found.items()
        if sharing.consumers[name] and set(sharing.consumers[name]) <= set(each.members)
    }


def passes(frame: Frame, members: Sequence[Computation]) -> tuple[tuple[Computation, ...], dict[str, Pass]]:
    """The members of a kernel in an order in which passes are neighbours, and the pass of each that is in one."""
    done: list[Computation] = []
    found: dict[str, Pass] = {}
    left = list(members)
    while left:
        options = (_pass(frame, left, axis.name) for axis in left[0].axes)
        best = max(options, key=lambda each: 0 if each is None else len(each[0].members), default=None)
        if best is None:
            done.append(left.pop(0))
            continue
        one, line = best
        found |= dict.fromkeys(one.members, one)
        done += [*line.before, *line.run]
        left = line.after
    return tuple(done), found


def _pass(frame: Frame, members: Sequence[Computation], axis: str) -> tuple[Pass, Line] | None:
    """The pass that begins with the first of `members` and goes along one of its axes; None if it isn't worth its while."""
    line = _joined(frame, members, axis)
    run, levels = line.run, [line.along]
    kept = _kept(frame, run, line.along)
    most = max((frame.places(m) * m.dtype.size for m in kept.values()), default=0)
    limit = frame.machine.l1 * NEAR
    if len(run) < 2 or most <= limit:
        return None
    while True:
        gone = {m.name: frozenset(level[m.name] for level in levels) for m in run}
        each = sum(frame.places(m, _gone(frame, m, run, levels)) * m.dtype.size for m in kept.values())
        each += sum(_again(frame, m, gone[m.name]) for m in run if m.name not in kept)
        if each * _least(frame, levels[-1], run) <= limit:
            break
        axes = (a.name for a in run[0].axes if a.name not in gone[run[0].name])
        further = (_joined(frame, run, name) for name in axes)
        whole = next((f for f in further if len(f.run) == len(run)), None)
        if whole is None or any(_spoilt(frame, m, gone[m.name]) for m in run):
            return None
        levels.append(whole.along)
    block = _block(frame, levels[-1], run, int(limit // each))
    loops = {
        m.name: tuple(LoopOver(axis=level[m.name], block=block if level is levels[-1] else 1) for level in levels)
        for m in run
    }
    reason = f"one pass with {run[0].name}: {most} bytes would be handed over, now {int(each * block)}"
    return Pass(members=tuple(m.name for m in run), loops=loops, reason=reason), line


def _kept(frame: Frame, run: Sequence[Computation], along: Axes) -> dict[str, Computation]:
    """The tensors that are made and read within a run, or made before it and read there at the same places by several."""
    made = {member.name: member for member in run}
    readers: dict[str, set[str]] = {}
    for member in run:
        for access in accesses(member):
            producer = made.get(access.tensor) or frame.members.get(access.tensor)
            if producer is None:
                continue
            if any(access.aligned(d) == along[member.name] for d in range(len(producer.axes))):
                readers.setdefault(access.tensor, set()).add(member.name)
    return {
        name: made.get(name) or frame.members[name]
        for name, others in readers.items()
        if name in made or len(others) > 1
    }


def _gone(frame: Frame, member: Computation, run: Sequence[Computation], levels: Sequence[Axes]) -> frozenset[str]:
    """The axes of a member, or of a tensor made before the pass, that the levels of the pass go along."""
    first = run[0].name
    names = [frame.classes.find((first, level[first])) for level in levels]
    return frozenset(a.name for a in member.axes if frame.classes.find((member.name, a.name)) in names)


def _again(frame: Frame, member: Computation, gone: frozenset[str]) -> int:
    """The bytes of operands at one place of a pass that a contraction over its axis goes through for each of its tiles."""
    if not gone & {axis.name for axis in member.reduced} or axis_classes(member) is None:
        return 0
    operands = {o.name: o for o in frame.graph.program.operands}
    extents = member.extents()
    found = 0
    for access in accesses(member):
        if access.tensor in operands:
            held = prod(number_of(extents[axis]) for axis in access.axes() - gone - set(frame.taken[member.name]))
            found += held * operands[access.tensor].dtype.size
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Members that go along an axis together, with what each calls it; the others, as far as they have to come after."""

    along: Axes
    run: list[Computation]
    before: list[Computation]
    after: list[Computation]


def _joined(frame: Frame, members: Sequence[Computation], axis: str) -> Line:
    """The members that can go along an axis of the first one together; whoever needs none of these goes before them."""
    found = Line(along={}, run=[], before=[], after=[])
    for member in members:
        read = {access.tensor for access in accesses(member)}
        own = axis if not found.run else _own(frame, found.run, found.along, member)
        if read & {m.name for m in found.after}:
            found.after.append(member)
        elif own is not None and _may(frame, member, own):
            found.along[member.name] = own
            found.run.append(member)
        elif not found.run:
            break
        elif read & {m.name for m in found.run}:
            found.after.append(member)
        else:
            found.before.append(member)
    return found


def _own(frame: Frame, run: Sequence[Computation], along: Axes, member: Computation) -> str | None:
    """What a member calls the axis of a run: the one of the same class, at which it reads whatever the run makes."""
    first = run[0]
    name = frame.classes.find((first.name, along[first.name]))
    found = [axis for axis in member.extents() if frame.classes.find((member.name, axis)) == name]
    if len(found) != 1 or member.extents()[found[0]] != first.extents()[along[first.name]]:
        return None
    made = {m.name: [a.name for a in m.axes] for m in run}
    for access in accesses(member):
        free = made.get(access.tensor)
        if free is None:
            continue
        if along[access.tensor] not in free or access.aligned(free.index(along[access.tensor])) != found[0]:
            return None
    return found[0]


def _may(frame: Frame, member: Computation, axis: str) -> bool:
    """Whether a member may have a loop along one of its axes around what is its own."""
    reduced = any(a.name == axis for a in member.reduced)
    if axis in frame.taken[member.name] or axis in deciding(member) | ranged(member) | rank_axes(member):
        return False
    if member.update is not None or frame.graph.cycle_of(member.name) is not None or is_selection(member):
        return False
    if frame.lanes[member.name] and any(a.name == frame.lanes[member.name] for a in member.reduced) and reduced:
        return False
    return not reduced or may_go_on(member, axis)


def _spoilt(frame: Frame, member: Computation, closed: frozenset[str]) -> bool:
    """Whether axes that are taken place by place are the lanes, or all along which what was loaded would be used again."""
    lanes = frame.lanes[member.name]
    if lanes in closed:
        return True
    if not lanes or member.reduction is None:
        return False
    open_axes = [a for a in member.axes if a.name not in frame.taken[member.name] and number_of(a.extent) > 1]
    rows = {a.name for a in open_axes if a.name != lanes and reused(member, lanes, a.name)}
    return bool(rows) and rows <= closed


def _least(frame: Frame, level: Axes, run: Sequence[Computation]) -> int:
    """The least block along an axis: a vector where it is lanes, a few rows where what was loaded is used again for them."""
    found = 1
    for member in run:
        lanes, axis = frame.lanes[member.name], level[member.name]
        if lanes == axis:
            found = max(found, frame.machine.lanes(member.body.dtype.size))
        elif lanes and any(a.name == axis for a in member.axes) and member.reduction and reused(member, lanes, axis):
            found = max(found, min(ROWS, number_of(member.extents()[axis])))
    return found


def _block(frame: Frame, level: Axes, run: Sequence[Computation], most: int) -> int:
    """As many places as fit, in even parts, whole vectors where they are lanes."""
    extent = number_of(run[0].extents()[level[run[0].name]])
    least = _least(frame, level, run)
    most = max(least, min(most, extent))
    options = [block for block in range(max(least, most // 2), most + 1) if block % least == 0]
    return min(options, key=lambda block: (extent % block != 0, block % 4 != 0, -(-extent // block) * block, -block))
