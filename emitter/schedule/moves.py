# SPDX-License-Identifier: Apache-2.0
"""Which tensors are stored a tile at a time: copies that transpose, and results that no cache would keep.

Copies: where neighbours of what is read and of what is written are along two axes, tiles of both are turned in registers:
one element at a time, every line would be loaded or stored as often as it has elements.
Past the caches: a result larger than the last cache, in whole lines. Otherwise each line is first read, only to be
overwritten, and drives out what may still be of use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from unrut.emitter.graph.computation import Computation, Folded, Graph
from unrut.emitter.graph.selection import is_selection
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import Strides, iterations, number_of, places
from unrut.emitter.schedule.plan import Entry, LoopOver
from unrut.program.nodes import Read
from unrut.program.types import DType

LINE = 64  # bytes that go past the caches at a time
PIECE = 32  # bytes of a row of which several make a line
RUN = 2048  # bytes of a pointwise result that are kept before they go
BUSY = 32  # operations of a result's element beyond which the multiplier decides, and memory follows by itself
SIDE = 256  # bytes of a side of a tile that is turned
LEAST = 8  # places of a side, below which there is little to turn


def moved(graph: Graph, strides: Strides, machine: Machine, entries: Sequence[Entry]) -> list[Entry]:
    """The entries, those of results past the caches, those of transposing copies by turned tiles."""
    found: list[Entry] = []
    for number, entry in enumerate(entries):
        computation = graph.computation(entry.computation)
        after = entries[number + 1].share if number + 1 < len(entries) else 0
        if computation.placement is not None:
            found.append(entry)
            continue
        run = _run_stored(graph, strides, computation, entry)
        turned = None if entry.turn else _turned(strides, machine, computation, entry, run, after)
        found.append(_past(graph, machine, computation, turned or entry, run, after))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The axes along which elements of a tensor follow each other in memory, outermost first."""

    axes: tuple[str, ...]


def _run_stored(graph: Graph, strides: Strides, computation: Computation, entry: Entry) -> Run:
    """The run of what a computation stores; none if it is not known."""
    axes = tuple(axis.name for axis in computation.axes)
    layout = strides.layouts.get(computation.name) if computation.name in graph.program.results else None
    if computation.update is not None or not axes:
        return Run(axes=())
    single = {axis.name for axis in computation.axes if axis.extent.is_fixed and axis.extent.value() == 1}
    if layout is None:
        return Run(axes=tuple(axis for axis in entry.stored or axes if axis not in single))
    found: tuple[str, ...] = ()
    step = 1
    for axis, stride in zip(reversed(computation.axes), reversed(layout.strides), strict=True):
        if stride != step or not layout.aligned:
            break
        found, step = (axis.name, *found), step * number_of(axis.extent)
    return Run(axes=tuple(axis for axis in found if axis not in single))


def _turned(
    strides: Strides, machine: Machine, computation: Computation, entry: Entry, run: Run, after: int
) -> Entry | None:
    """The entry of a pointwise computation that turns tiles; None where there is nothing to turn."""
    if computation.reduction is not None or not run.axes or not _is_word(computation.dtype):
        return None
    kept = entry.loops[: max(entry.share, after)]
    closed = {over.axis for over in kept if over.block == 1}
    extents = {axis.name: axis.extent for axis in computation.axes}
    long = {axis: number_of(extent) for axis, extent in extents.items() if axis not in closed}
    read = _run_read(strides, computation) if _is_copy(computation) else run.axes
    far = entry.lanes if read is run.axes else run.axes[-1]
    near = _enough(read, long, machine.lanes(computation.dtype.size))
    if far in near or read[-1:] == (far,) or long.get(far, 0) < LEAST or not near:
        return None
    tile = (*near, far)
    if len(near) == 1 and read is not run.axes and long[near[0]] >= LEAST:
        tile = (far, near[0])
    side = SIDE // computation.dtype.size
    loops = [*kept, *(LoopOver(axis=axis) for axis in long if axis not in tile and not _among(kept, axis))]
    for axis in tile:
        block = min([side, *(over.block for over in kept if over.axis == axis)])
        open_ = min([long[axis], *(over.block for over in kept if over.axis == axis)])
        if (block == side and open_ > side) or not (extents[axis].is_fixed or _among(kept, axis)):
            loops.append(LoopOver(axis=axis, block=side))
        if not extents[axis].is_fixed and not _among((*kept, *loops), axis):
            return None
    return replace(
        entry,
        loops=tuple(loops),
        tile=tile,
        lanes=tile[-1],
        turn=tile[:-1],
        tasks=min(entry.tasks, len(loops)),
        reasons=(*entry.reasons, f"turned in tiles: {' '.join(tile[:-1])} by {tile[-1]}"),
    )


def _is_copy(computation: Computation) -> bool:
    return isinstance(computation.body, Read) and computation.body.dtype is computation.dtype


def _among(loops: Sequence[LoopOver], axis: str) -> bool:
    return any(over.axis == axis for over in loops)


def _run_read(strides: Strides, computation: Computation) -> tuple[str, ...]:
    """The axes along which neighbours are read that follow each other, outermost first."""
    access, *more = strides.accesses[computation.name]
    steps = {axis.name: strides.along(access, axis.name) for axis in computation.axes}
    found: tuple[str, ...] = ()
    step, sizes = 1, {axis.name: number_of(axis.extent) for axis in computation.axes}
    while not more:  # else places are data
        axis = next((name for name in sizes if steps[name] == step and name not in found and sizes[name] > 1), "")
        if not axis:
            break
        found, step = (axis, *found), step * sizes[axis]
    return found


def _enough(run: tuple[str, ...], long: Mapping[str, int], lanes: int) -> tuple[str, ...]:
    """The last axes of a run that are a vector together, or a long one, or pairs; empty if there are none."""
    if not run or run[-1] not in long:
        return ()
    found: tuple[str, ...] = ()
    size = 1
    for axis in reversed(run):
        if size >= lanes or axis not in long:
            break
        found, size = (axis, *found), size * long[axis]
    if size == lanes or (len(found) == 1 and size >= LEAST):
        return found
    return run[-1:] if long[run[-1]] == 2 or long[run[-1]] >= LEAST else ()


def _past(graph: Graph, machine: Machine, computation: Computation, entry: Entry, run: Run, after: int) -> Entry:
    """The entry, past the caches if its tensor is a large result that is written in whole lines."""
    size = computation.dtype.size
    total = places(computation.shape) * size
    kind = None if computation.reduction is None else computation.reduction.kind
    if computation.name not in graph.program.results or total <= machine.l3 or not _is_word(computation.dtype):
        return entry
    if isinstance(kind, Folded) or is_selection(computation) or graph.updates(computation.name):
        return entry
    if computation.reduction is not None and iterations(computation) > BUSY * places(computation.shape):
        return entry
    if run.axes[-1:] not in (entry.turn[-1:], (entry.lanes,)) or graph.cycle_of(computation.name) is not None:
        return entry
    stored = run.axes[-1]
    if [over.block for over in entry.loops if over.axis == stored][-1:] == [1]:
        own = entry.loops[-1] == LoopOver(axis=stored) and len(entry.loops) > max(entry.share, after, entry.tasks)
        if computation.reduction is not None or not own or entry.turn:
            return entry
        extent = computation.extents()[stored]
        last = (LoopOver(axis=stored, block=RUN // size),)
        whole = extent.is_fixed and extent.value() <= RUN // size
        entry = replace(entry, loops=entry.loops[:-1] + (() if whole else last), tile=(stored,))
    bytes_moved = _moved_run(computation, entry, run) * size
    if not entry.turn and PIECE <= bytes_moved < LINE:
        entry = replace(entry, turn=_lines(computation, entry, run))
        bytes_moved = _moved_run(computation, entry, run) * size
    if (entry.turn and bytes_moved % LINE) or (bytes_moved < LEAST * LINE // 2 and bytes_moved % LINE):
        return entry
    return replace(
        entry,
        past=True,
        reasons=(*entry.reasons, f"past the caches: {total >> 20} MiB, the last cache has {machine.l3 >> 20}"),
    )


def _moved_run(computation: Computation, entry: Entry, run: Run) -> int:
    """How many elements of a tile follow each other where it is stored; 0 if the tile is not open along them."""
    total = 1
    for axis in reversed(run.axes):
        if axis not in (*entry.turn, entry.lanes) or axis not in entry.tile:
            break
        extent = number_of(computation.extents()[axis])
        part = min([extent, *(over.block for over in entry.loops if over.axis == axis)])
        total *= part
        if part < extent:
            break
    return total if run.axes[-1] in entry.tile else 0


def _lines(computation: Computation, entry: Entry, run: Run) -> tuple[str, ...]:
    """The rows of a tile that are one line together with its lanes."""
    found: tuple[str, ...] = ()
    blocked = {over.axis for over in entry.loops}
    for axis in reversed(run.axes[:-1]):
        if axis in blocked or axis not in entry.tile or run.axes[-1] in blocked:
            break
        found = (axis, *found)
    return found


def _is_word(dtype: DType) -> bool:
    """Whether an element is moved as it is: its value is what lies in memory."""
    return dtype.size in (4, 8) and not dtype.is_complex and dtype is not DType.bool
