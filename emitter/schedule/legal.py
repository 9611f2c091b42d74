# SPDX-License-Identifier: Apache-2.0
"""Whether a plan computes what its graph says. Written from the dependences alone: knows nothing of how plans are chosen.

With C a reader of P, d the number of loops that they share, and P's entry before C's:
1. P's i-th loop axis and C's i-th loop axis are the same place for i < d: every read of P has C's axis bare in the dimension
   of P's axis. So what C reads was computed in the same iterations, just before. Or a read is of an earlier step: it is
   proved to be of an earlier place of one of these loops, which is no task, goes place by place, and has no lanes; up to that
   loop every read is of the same place or an earlier one. Then P's entry may come after C's, or be C's.
2. Shared loops have equal extents and equal blocks.
3. In one kernel, d is at least the number of task axes: no task reads what another writes.
4. Every computation that is not inlined has one entry; inlined ones are pointwise and no results.
5. Loops go over free axes: place by place at most once and last, blocks of falling sizes before it; reduction loops go over
   each reduction axis once, argmax, argmin and folds in the order of places, folds without partial accumulators.
   A reduction that may go in any order may have its own reduced axes among its loops; then it is a total, known after these
   loops: no reader shares them, and they are neither tasks nor lanes of anyone. Reduction loops go over what is left.
6. What a reduction keeps in accumulators has a fixed size. A selection keeps none: its terms are few, or stored one after
   the other, reduced axes last.
7. What an early check needs is computed in kernels that compute nothing else; so its kernel runs before all others.
8. A tile that is moved as a whole is turned along free axes that its loops leave open, or goes past the caches along its
   lanes; its size is fixed, and small. Only results go past the caches.
9. Merged axes and packed copies mean something: see `legal_merges`. What is stored elsewhere than at its axes shares no loop
   with its readers.
10. What changes a tensor does so alone in its kernel, and in the order of its axes: see `legal_updates`.
"""

from __future__ import annotations

from itertools import pairwise

from unrut.emitter.graph.access import Access, accesses
from unrut.emitter.graph.computation import Computation, Folded, Graph, behind
from unrut.emitter.graph.recurrence import earlier
from unrut.emitter.graph.selection import SELECTIONS, is_selection, line_read
from unrut.emitter.schedule.apply import applied, stageable
from unrut.emitter.schedule.legal_merges import merge_fault
from unrut.emitter.schedule.legal_moves import ACCUMULATORS, move_fault
from unrut.emitter.schedule.legal_totals import may_go_on, total_fault
from unrut.emitter.schedule.legal_updates import update_fault
from unrut.emitter.schedule.plan import Entry, LoopOver, Plan
from unrut.emitter.schedule.selections import by_network
from unrut.errors import PlanError
from unrut.program.extents import Extent
from unrut.program.nodes import ReduceKind


def check_legal(graph: Graph, plan: Plan) -> None:
    """Raises PlanError with the first rule that is broken; returns None for a legal plan."""
    if plan.program != graph.program.name:
        raise _refused(f"the plan is for `{plan.program}`, the program is `{graph.program.name}`")
    _check_inlined(graph, plan)
    if fault := merge_fault(graph, plan):
        raise _refused(fault)
    graph = applied(graph, plan)
    _check_entries(graph, plan)
    for kernel in plan.kernels():
        _check_kernel(graph, kernel)
    _check_early(graph, plan)
    _check_lines(graph, plan)
    if fault := total_fault(graph, plan):
        raise _refused(fault)
    if fault := update_fault(graph, plan):
        raise _refused(fault)
    order = [entry.computation for entry in plan.entries]
    for consumer in graph.computations:
        for producer in graph.producers(consumer):
            comes_later = order.index(producer) >= order.index(consumer.name)
            for access in accesses(consumer):
                if access.tensor == producer and not _is_carried(graph, plan, access, consumer) and comes_later:
                    raise _refused(f"`{consumer.name}` reads `{producer}`, which comes later")


def _refused(reason: str) -> PlanError:
    return PlanError(f"this plan is not legal: {reason}", remedy="leave the plan out, and one is chosen")


def _check_inlined(graph: Graph, plan: Plan) -> None:
    for name in plan.inlined:
        if name not in graph.names():
            raise _refused(f"there is no computation `{name}` to inline")
        if graph.computation(name).reduction is not None:
            raise _refused(f"`{name}` is a reduction and can't be inlined")
        if graph.computation(name).update is not None or graph.updates(name):
            raise _refused(f"`{name}` changes a tensor, or is changed, and can't be inlined")
        if name in graph.program.results:
            raise _refused(f"`{name}` is a result and can't be inlined")
        if name in graph.kept:
            raise _refused(f"`{name}` is a check and can't be inlined")
        order = [c.name for c in graph.computations]
        if any(order.index(c.name) <= order.index(name) for c in graph.consumers(name)):
            raise _refused(f"`{name}` is read at an earlier step and can't be inlined")

    operands = [o.name for o in graph.program.operands]
    for name in plan.staged:
        if (name not in operands and not stageable(graph, name)) or plan.staged.count(name) > 1:
            raise _refused(f"`{name}` can't be staged: it is no operand and no plain result, or is staged already")


def _check_entries(graph: Graph, plan: Plan) -> None:
    named = [entry.computation for entry in plan.entries]
    for name in named:
        if named.count(name) > 1:
            raise _refused(f"`{name}` has two lines")
        if name not in graph.names():
            raise _refused(f"there is no computation `{name}`, or it is inlined")
    for computation in graph.computations:
        if computation.name not in named:
            raise _refused(f"`{computation.name}` has no line")
        is_result = computation.name in graph.program.results
        _check_loops(computation, plan.entry(computation.name), is_result=is_result)


def _check_loops(computation: Computation, entry: Entry, *, is_result: bool) -> None:
    free = {axis.name: axis.extent for axis in computation.axes}
    left: dict[str, int | None] = dict.fromkeys(computation.extents())
    for loop in entry.loops:
        if loop.axis not in free and not may_go_on(computation, loop.axis):
            raise _refused(f"`{loop.axis}` is no free axis of `{computation.name}`")
        before = left[loop.axis]
        if loop.block < 1 or (before is not None and loop.block >= before):
            raise _refused(f"loop `{loop}` of `{computation.name}` divides nothing")
        if loop.rest and (before is not None or not _comes_out_even(loop, computation.extents()[loop.axis])):
            raise _refused(f"loop `{loop}` of `{computation.name}` does not come out even")
        left[loop.axis] = loop.block
    if len(set(entry.tile)) != len(entry.tile) or not set(entry.tile) <= set(free):
        raise _refused(f"the tile of `{computation.name}` names `{' '.join(entry.tile)}`")
    if entry.stored and sorted(entry.stored) != sorted(axis.name for axis in computation.dims):
        raise _refused(f"`stored` of `{computation.name}` must name each of its axes once")
    reduced = [axis.name for axis in computation.reduced if left[axis.name] != 1]
    if sorted(loop.axis for loop in entry.reduce) != sorted(reduced):
        raise _refused(f"`reduce` of `{computation.name}` must name each reduction axis once")
    if any(loop.block != 1 for loop in entry.reduce[:-1]):
        raise _refused(f"only the last reduction loop of `{computation.name}` may have a block")
    _check_lanes(computation, entry, reduced)
    if fault := move_fault(computation, entry, is_result=is_result):
        raise _refused(fault)
    if computation.reduction is not None and computation.update is None and not is_selection(computation):
        _check_accumulators(computation, entry, free, left)


def _comes_out_even(loop: LoopOver, extent: Extent) -> bool:
    return 0 < loop.rest < loop.block and extent.is_fixed and loop.counts(extent.value()) is not None


def _check_lanes(computation: Computation, entry: Entry, reduced: list[str]) -> None:
    if entry.lanes and entry.lanes not in (*reduced, *(axis.name for axis in computation.axes)):
        raise _refused(f"`{entry.lanes}` is no axis of `{computation.name}`")
    partial = bool(entry.reduce) and entry.reduce[-1].block > 1
    if partial != (entry.lanes in reduced) or (partial and entry.reduce[-1].axis != entry.lanes):
        raise _refused(f"lanes over a reduction axis of `{computation.name}` need a block on its last reduction loop")
    kind = None if computation.reduction is None else computation.reduction.kind
    in_order = kind in (ReduceKind.argmax, ReduceKind.argmin, *SELECTIONS) or isinstance(kind, Folded)
    whole = isinstance(kind, Folded) or kind in SELECTIONS
    if in_order and ((partial and whole) or [loop.axis for loop in entry.reduce] != reduced):
        why = "its combine may not commute" if isinstance(kind, Folded) else "ties go to the first"
        raise _refused(f"`{computation.name}` must go through its places in order: {why}")


def _check_accumulators(
    computation: Computation, entry: Entry, free: dict[str, Extent], left: dict[str, int | None]
) -> None:
    kept = entry.reduce[-1].block if entry.reduce else 1
    for axis, extent in free.items():
        block = left[axis]
        if block is None and not extent.is_fixed:
            raise _refused(f"`{computation.name}` keeps all of `{axis}` in accumulators, but its extent is not fixed")
        whole = extent.value() if extent.is_fixed else block
        kept *= max(1, min(block or whole or 1, whole or 1))
    if kept > ACCUMULATORS:
        raise _refused(f"`{computation.name}` keeps {kept} accumulators; at most {ACCUMULATORS}")


def _check_kernel(graph: Graph, kernel: tuple[Entry, ...]) -> None:
    first = kernel[0]
    if first.share:
        raise _refused("the first line shares loops with nothing")
    if first.tasks > len(first.loops) or any(entry.tasks for entry in kernel[1:]):
        raise _refused(f"`{first.computation}` begins a kernel: it says the tasks, at most as many as its loops")
    if len({loop.axis for loop in first.loops[: first.tasks]}) != first.tasks:
        raise _refused(f"`{first.computation}` has two task axes over one axis")
    for before, entry in pairwise(kernel):
        if entry.share > min(len(before.loops), len(entry.loops)):
            raise _refused(f"`{entry.computation}` shares more loops than there are")
        if entry.share < first.tasks:
            raise _refused(f"`{entry.computation}` is in a kernel whose tasks it does not share")
        for one, other in zip(before.loops[: entry.share], entry.loops[: entry.share], strict=True):
            if (one.block, one.rest) != (other.block, other.rest) or _extent(graph, before, one.axis) != _extent(
                graph, entry, other.axis
            ):
                raise _refused(f"`{entry.computation}` shares loop `{other}` with `{one}`, which runs otherwise")
        pairs = {(a.axis, b.axis) for a, b in zip(before.loops[: entry.share], entry.loops[: entry.share], strict=True)}
        if len({a for a, _ in pairs}) != len(pairs) or len({b for _, b in pairs}) != len(pairs):
            raise _refused(f"`{entry.computation}` shares the loops of one axis with two")


def _check_early(graph: Graph, plan: Plan) -> None:
    needed = behind(graph.computations, {check.computation for check in graph.checks if check.early})
    late = False
    for kernel in plan.kernels():
        early = [entry.computation in needed for entry in kernel]
        if any(early) and (late or not all(early)):
            raise _refused(f"`{kernel[0].computation}` runs before or beside what is checked early")
        late = late or not all(early)


def _check_lines(graph: Graph, plan: Plan) -> None:
    for selection in filter(is_selection, graph.computations):
        if by_network(selection):
            continue
        read = line_read(graph, selection)
        if read is None or read.tensor in graph.kept:
            raise _refused(f"the terms of `{selection.name}` must be stored in a tensor of its own, or be few")
        stored, last = plan.entry(read.tensor).stored, len(selection.reduced)
        if stored:
            own = tuple(axis.name for axis in graph.computation(read.tensor).axes)
            if stored[-last:] != own[-last:]:
                raise _refused(f"the terms of `{selection.name}` must follow each other in `{read.tensor}`")


def _extent(graph: Graph, entry: Entry, axis: str) -> Extent:
    return graph.computation(entry.computation).extents()[axis]


def _is_carried(graph: Graph, plan: Plan, access: Access, consumer: Computation) -> bool:
    """Whether a read is of an earlier step of a shared loop; otherwise it is of the same iterations of all of them."""
    producer = graph.computation(access.tensor)
    depth = plan.common_depth(producer.name, consumer.name)
    if producer.placement is not None and depth:
        raise _refused(
            f"`{consumer.name}` shares loops with `{producer.name}`, which is stored elsewhere than at its axes"
        )
    axes = [axis.name for axis in producer.axes]
    loops = zip(plan.entry(producer.name).loops[:depth], plan.entry(consumer.name).loops[:depth], strict=True)
    for level, (ours, theirs) in enumerate(loops):
        dimension = axes.index(ours.axis)
        if access.aligned(dimension) == theirs.axis:
            continue
        in_order = theirs.block == 1 and _is_serial(plan, consumer.name, level)
        if in_order and earlier(access, dimension, theirs.axis, 1):
            return True
        if not in_order or not earlier(access, dimension, theirs.axis, 0):
            raise _refused(
                f"`{consumer.name}` shares the loop over `{ours.axis}` with `{producer.name}`, "
                f"but reads it elsewhere than at `{theirs.axis}`"
            )
    return False


def _is_serial(plan: Plan, name: str, level: int) -> bool:
    """Whether the loop of an entry at a level runs in order: it is no task, and has lanes in no entry that shares it."""
    kernel = next(k for k in plan.kernels() if any(e.computation == name for e in k))
    sharing = [e for e in kernel if plan.common_depth(name, e.computation) > level]
    return level >= kernel[0].tasks and all(e.lanes != e.loops[level].axis for e in sharing)
