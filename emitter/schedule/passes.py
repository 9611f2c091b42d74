# SPDX-License-Identifier: Apache-2.0
"""Passes: neighbours in a kernel that go through an axis together, so that what they hand over is read while it is near.

Before:  S: loops q k         m: loops q; reduce k           (m reads S, of which a row is larger than L1)
After:   S: loops q k/128 k   m: loops q k/128; reduce k; share 2

In order, a computation joins the pass before it along an axis that is free in what it reads there, at the same places, and
free or reduced (`may_go_on`) in itself; it can't read what is reduced over that axis in the pass, which is not known yet.
A pass is worth its while where a tensor that stays in it is larger than NEAR of L1. It goes along as many axes, the
outermost place by place, and the last one in blocks, as make what it hands over at a time fit there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.classes import classes
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.selection import is_selection, rank_axes
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import deciding, number_of, ranged
from unrut.emitter.schedule.legal_totals import may_go_on
from unrut.emitter.schedule.plan import LoopOver
from unrut.emitter.schedule.sharing import Sharing

NEAR = 0.75  # the share of L1 for what a pass hands over


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Neighbours, and the loops that they share below those of the kernel, by name of each."""

    members: tuple[str, ...]
    loops: Mapping[str, tuple[LoopOver, ...]]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What passes are looked for in: the axes of each member that loops of the kernel go through, and its lanes."""

    graph: Graph
    machine: Machine
    taken: Mapping[str, Mapping[str, int]]
    lanes: Mapping[str, str]

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


def passes(frame: Frame, members: Sequence[Computation]) -> tuple[Pass, ...]:
    """The passes of a kernel, in order; most members are in none."""
    found: list[Pass] = []
    start = 0
    while start < len(members):
        best = max(
            (_pass(frame, members[start:], axis.name) for axis in members[start].axes),
            key=lambda each: 0 if each is None else len(each.members),
            default=None,
        )
        if best is None:
            start += 1
            continue
        found.append(best)
        start += len(best.members)
    return tuple(found)


def _pass(frame: Frame, members: Sequence[Computation], axis: str) -> Pass | None:
    """The pass that begins with the first of `members` and goes along one of its axes; None if it isn't worth its while."""
    along = _joined(frame, members, axis)
    run = list(members[: len(along)])
    levels = [along]
    kept = _kept(frame, run)
    limit = frame.machine.l1 * NEAR
    if len(run) < 2 or max(kept.values(), default=0) <= limit:
        return None
    while True:
        gone = {name: frozenset(level[name] for level in levels) for name in along}
        each = sum(frame.places(m, gone[m.name]) * m.dtype.size for m in run if m.name in kept)
        each += sum(_again(frame, m, gone[m.name]) for m in run if m.name not in kept)
        if each * _least(frame, levels[-1], run) <= limit:
            break
        further = next((f for f in _further(frame, run, gone) if len(f) == len(run)), None)
        if further is None:
            return None
        levels.append(further)
    block = _block(frame, levels[-1], run, int(limit // each))
    loops = {
        name: tuple(LoopOver(axis=level[name], block=block if level is levels[-1] else 1) for level in levels)
        for name in along
    }
    reason = f"one pass with {run[0].name}: {max(kept.values())} bytes would be handed over, now {int(each * block)}"
    return Pass(members=tuple(along), loops=loops, reason=reason)


def _further(frame: Frame, run: Sequence[Computation], gone: Mapping[str, frozenset[str]]) -> list[Axes]:
    first = run[0]
    return [_joined(frame, run, axis.name) for axis in first.axes if axis.name not in gone[first.name]]


def _kept(frame: Frame, run: Sequence[Computation]) -> dict[str, int]:
    """The bytes of each tensor that is made and read within a run."""
    found: dict[str, int] = {}
    for k, member in enumerate(run):
        if any(access.tensor == member.name for other in run[k + 1 :] for access in accesses(other)):
            found[member.name] = frame.places(member) * member.dtype.size
    return found


def _again(frame: Frame, member: Computation, gone: frozenset[str]) -> int:
    """The bytes of operands at one place of a pass that a contraction over its axis goes through for each of its tiles."""
    if not gone & {axis.name for axis in member.reduced} or classes(member) is None:
        return 0
    operands = {o.name: o for o in frame.graph.program.operands}
    extents = member.extents()
    found = 0
    for access in accesses(member):
        if access.tensor in operands:
            held = prod(number_of(extents[axis]) for axis in access.axes() - gone - set(frame.taken[member.name]))
            found += held * operands[access.tensor].dtype.size
    return found


def _joined(frame: Frame, members: Sequence[Computation], axis: str) -> Axes:
    """The members from the first on that can go along an axis together, with what each calls it."""
    along: Axes = {}
    for member in members:
        own = axis if not along else _own(frame, members[: len(along)], along, member)
        if own is None or not _may(frame, member, own):
            break
        along[member.name] = own
    return along


def _own(frame: Frame, run: Sequence[Computation], along: Axes, member: Computation) -> str | None:
    """What a member calls the axis of a run, by all its reads of what the run makes; None where they don't agree."""
    names: set[str | None] = set()
    extent = run[0].extents()[along[run[0].name]]
    for access in accesses(member):
        producer = next((m for m in run if m.name == access.tensor), None)
        if producer is None:
            continue
        free = [a.name for a in producer.axes]
        if along[producer.name] not in free:
            return None
        names.add(access.aligned(free.index(along[producer.name])))
    found = names.pop() if len(names) == 1 else None
    return found if found is not None and member.extents().get(found) == extent else None


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


def _least(frame: Frame, level: Axes, run: Sequence[Computation]) -> int:
    """The least block along an axis: a vector where it is lanes."""
    lanes = [m for m in run if frame.lanes[m.name] == level[m.name]]
    return max((frame.machine.lanes(m.body.dtype.size) for m in lanes), default=1)


def _block(frame: Frame, level: Axes, run: Sequence[Computation], most: int) -> int:
    """As many places as fit, in even parts, whole vectors where they are lanes."""
    extent = number_of(run[0].extents()[level[run[0].name]])
    least = _least(frame, level, run)
    most = max(least, min(most, extent))
    options = [block for block in range(max(least, most // 2), most + 1) if block % least == 0]
    return min(options, key=lambda block: (extent % block != 0, block % 4 != 0, -(-extent // block) * block, -block))
