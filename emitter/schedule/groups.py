# SPDX-License-Identifier: Apache-2.0
"""Which computations run in one kernel: fold along shared outer axes, or store behind a barrier.

In order, each computation joins the kernel before it if
- they share at least one axis,
- enough parallel tasks remain: the shared axes have at least TASKS_PER_CORE places for each core, or as many as the
  computation would have alone,
- what is handed over for one place of the shared axes fits: each tensor into 3/4 of L2, what lives at a time into L2,
- what contractions have to read anew for each place of the shared axes fits into L2, or costs less than storing would:
  its bytes, at NEAR of the price since they come from a nearer cache, against those of the tensors handed over.
Otherwise it begins a new kernel, and what crosses is in the workspace. A cycle is one kernel, and nothing else joins it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.classes import classes
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import iterations, number_of, places
from unrut.emitter.schedule.sharing import Member, Sharing
from unrut.program.cycles import Cycle

TASKS_PER_CORE = 4
NEAR = 0.5
FEW = 16  # times that a copy is read by each reader, so that it pays to make it just before


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Computations of one kernel and the classes of axes that they share, outermost first; the cycle that they are,
    if it is one. `reason` says why it ends."""

    members: tuple[Computation, ...]
    shared: tuple[Member, ...]
    reason: str = ""
    cycle: Cycle | None = None


def groups(graph: Graph, sharing: Sharing, machine: Machine) -> tuple[Group, ...]:
    """All computations of a graph in kernels, in order; copies of operands are alone, or just before their readers."""
    done: list[Group] = []
    members: list[Computation] = []
    operands, early = {o.name for o in graph.program.operands}, graph.early
    for computation in graph.computations:
        cycle = graph.cycle_of(computation.name)
        if cycle is not None:
            if computation.name == cycle.tensors()[0]:
                if members:
                    done.append(_closed(sharing, members, f"{computation.name} goes step by step"))
                members = []
                steps = [graph.computation(name) for name in cycle.tensors()]
                done.append(replace(_closed(sharing, steps, ""), cycle=cycle))
            continue
        refusal = _refusal(graph, sharing, machine, [*members, computation]) if members else ""
        tables = _tables(graph, sharing, machine, members, computation) if refusal else 0
        copied = operands & {members[-1].statement, computation.statement} if members else set()
        if copied and not _joins(graph, machine, members, computation, operands):
            refusal = "a copy of an operand is made by itself"
        if members and members[-1].name in early and computation.name not in early:
            refusal = "what is before it is checked early"
        elif tables and not operands & {computation.statement, *(m.statement for m in members)}:
            small = members[0].name
            done.append(_closed(sharing, members[:tables], f"{small} is small, and made before all that reads it"))
            members, refusal = members[tables:], ""
        if refusal:
            done.append(_closed(sharing, members, f"{computation.name} begins a new kernel: {refusal}"))
            members = []
        members.append(computation)
    if members:
        done.append(_closed(sharing, members, ""))
    return _with_copies(graph, sharing, machine, done)


def _tables(
    graph: Graph, sharing: Sharing, machine: Machine, members: list[Computation], computation: Computation
) -> int:
    """How many of the first members are small tensors without which the others and a further computation go together."""
    for count, member in enumerate(members[:-1], start=1):
        if places(member.shape) * member.dtype.size > machine.l1 // 4 or member.update is not None:
            return 0
        if not _refusal(graph, sharing, machine, [*members[count:], computation]):
            return count
    return 0


def _with_copies(graph: Graph, sharing: Sharing, machine: Machine, done: list[Group]) -> tuple[Group, ...]:
    """The kernels, with a copy of an operand in that of its readers, where each of their places needs a part of its own."""
    operands = {o.name for o in graph.program.operands}
    found = list(done)
    for alone in done:
        copy = alone.members[0]
        if copy.statement not in operands or len(alone.members) > 1:
            continue
        readers = {c.name for c in graph.consumers(copy.name)}
        using = [group for group in found if readers & {m.name for m in group.members}]
        if len(using) != 1 or using[0].cycle is not None or len(using[0].members) + len(using[0].shared) < 2:
            continue
        members = [copy, *using[0].members]
        if sharing.shared(members) != using[0].shared or not using[0].shared:
            continue
        if footprint(graph, sharing, members, using[0].shared, {})[1] > machine.l2:
            continue
        found[found.index(using[0])] = replace(using[0], members=tuple(members))
        found.remove(alone)
    return tuple(found)


def _joins(
    graph: Graph, machine: Machine, members: list[Computation], computation: Computation, operands: set[str]
) -> bool:
    """Whether the copy of an operand is made piece by piece in the loops of its reader: a large one that is read a few
    times. Of what is read often, its readers' loops should be free."""
    copy = members[-1]
    if len(members) > 1 or computation.statement in operands or copy.name not in graph.producers(computation):
        return False
    elements = places(copy.shape)
    often = sum(iterations(reader) for reader in graph.consumers(copy.name))
    return elements * copy.dtype.size > machine.l2 and often <= FEW * elements * len(graph.consumers(copy.name))


def _closed(sharing: Sharing, members: list[Computation], reason: str) -> Group:
    return Group(members=tuple(members), shared=sharing.shared(members), reason=reason)


def _refusal(graph: Graph, sharing: Sharing, machine: Machine, members: list[Computation]) -> str:
    if any(member.update is not None for member in members[-2:]):
        return "an update runs alone"
    shared = sharing.shared(members)
    if not shared:
        return "no axis is shared"
    last = members[-1]
    own = {axis.name: axis.extent for axis in last.axes}
    tasks = places(own[a] for a in (sharing.axis_of(last, name) for name in shared) if a is not None)
    enough = TASKS_PER_CORE * machine.cores
    if tasks < min(enough, max(places(c.shape) for c in members)):
        return f"{tasks} tasks would be left, {enough} are wanted"
    largest, held = footprint(graph, sharing, members, shared, {})
    if largest > machine.l2 * 3 // 4 or held > machine.l2:
        return f"{held} bytes live at a time for each place of the shared axes, {largest} of them in one tensor"
    streamed = [_streamed(graph, sharing, member, shared) for member in members]
    if max(streamed) > machine.l2:
        again = NEAR * sum(streamed) * tasks
        stored = sum(_handed_over(graph, member) for member in members)
        if again > stored:
            return f"{sum(streamed)} bytes would be read anew for each of {tasks} places of the shared axes"
    return ""


def _handed_over(graph: Graph, member: Computation) -> int:
    """Bytes that would be moved if a tensor were stored: written once, and read by each of its readers."""
    if member.name in graph.program.results:
        return 0
    return places(member.shape) * member.dtype.size * (1 + len(graph.consumers(member.name)))


def footprint(
    graph: Graph,
    sharing: Sharing,
    members: list[Computation],
    shared: tuple[Member, ...],
    blocks: dict[Member, int],
    cycle: Cycle | None = None,
    strips: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[int, int]:
    """Bytes of handed-over tensors for one place (or block) of the shared axes: of the largest, and at a time at most.

    Of a cycle one step counts, of what stays in a pass a strip: blocks by axis, by tensor.
    """
    strips = strips or {}
    steps = {} if cycle is None else cycle.paths()
    position = {c.name: k for k, c in enumerate(members)}
    sizes: list[tuple[int, int, int]] = []
    for member in members:
        readers = [position[name] for name in sharing.consumers[member.name] if name in position]
        if member.name in graph.program.results or not readers:
            continue
        held: dict[str | None, int] = {sharing.axis_of(member, name): blocks.get(name, 1) for name in shared}
        held |= dict.fromkeys(steps.get(member.name, ()), 1)
        held.update(strips.get(member.name, {}).items())
        size = member.dtype.size
        for axis in member.axes:
            extent = number_of(axis.extent)
            size *= min(held.get(axis.name, extent), extent)
        sizes.append((position[member.name], max(readers), size))
    live = [sum(size for begin, end, size in sizes if begin <= k <= end) for k in range(len(members))]
    return max((size for _, _, size in sizes), default=0), max(live, default=0)


def _streamed(graph: Graph, sharing: Sharing, member: Computation, shared: tuple[Member, ...]) -> int:
    """Bytes of a contraction's operands that do not depend on the shared axes, so are read again for each of their places."""
    if classes(member) is None:
        return 0
    outer = {sharing.axis_of(member, name) for name in shared}
    total = 0
    for access in accesses(member):
        if not access.axes() & outer and access.tensor not in graph.names():
            total += places(graph.shape_of(access.tensor)) * graph.dtype_of(access.tensor).size
    return total
