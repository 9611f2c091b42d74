# SPDX-License-Identifier: Apache-2.0
"""Whether tiles that are moved as a whole are what a plan may ask for."""

from __future__ import annotations

from unrut.emitter.graph.computation import Computation, Folded
from unrut.emitter.graph.selection import is_selection
from unrut.emitter.schedule.plan import Entry

ACCUMULATORS = 4096  # elements that a tile may keep; more is a mistake, not a schedule


def move_fault(computation: Computation, entry: Entry, *, is_result: bool) -> str:
    """Why a computation's tile can't be moved as its entry says; empty if it can, or if no move is asked for."""
    if not entry.turn and not entry.past:
        return ""
    name = computation.name
    kind = None if computation.reduction is None else computation.reduction.kind
    if isinstance(kind, Folded) or is_selection(computation) or computation.update is not None:
        return f"`{name}` is stored element by element, not as a tile"
    if entry.past and not is_result:
        return f"`{name}` can't go past the caches: it is no result"
    if computation.placement is not None and (entry.past or computation.placement.where):
        return f"`{name}` is stored place by place: some of a tile may be no elements"
    free = {axis.name: axis.extent for axis in computation.axes}
    moved = [*entry.turn, entry.lanes]
    if len(set(moved)) != len(moved) or not set(moved) <= set(free):
        return f"`{name}` can't be moved along `{' '.join(moved)}`"
    size = 1
    for axis in moved:
        blocks = [loop.block for loop in entry.loops if loop.axis == axis]
        if axis not in entry.tile or blocks[-1:] == [1]:
            return f"`{axis}` of `{name}` is not left open, so there is no tile to move"
        extent = free[axis]
        if not blocks and not extent.is_fixed:
            return f"`{name}` moves all of `{axis}` at a time, but its extent is not fixed"
        size *= min([*blocks[-1:], *([extent.value()] if extent.is_fixed else [])])
    return f"`{name}` moves {size} elements at a time; at most {ACCUMULATORS}" if size > ACCUMULATORS else ""
