# SPDX-License-Identifier: Apache-2.0
"""The loops of one computation, below the loops that it shares with the kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from unrut.emitter.graph.classes import classes
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.selection import is_selection, rank_axes
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import (
    Strides,
    deciding,
    iterations,
    lane_cost,
    lane_options,
    lengths,
    number_of,
    turned_axes,
)
from unrut.emitter.schedule.nearness import ordered
from unrut.emitter.schedule.plan import Entry, LoopOver
from unrut.emitter.schedule.strips import width
from unrut.emitter.schedule.tiles import SERVED, Tile, served_row, tile
from unrut.program.extents import Extent

MOST_VECTORS = 16  # of a strip that is a tile as it is; a longer one is gone through in tiles
MOST_ROWS = 14  # a longer block of a shared axis is a strip, of which tiles take a part
MOST_VECTORS = 4  # of a tile's row; longer lines leave no registers for rows
ROW_VECTORS = 2  # accumulators of each of several rows that use the same vectors
PARTIAL_VECTORS = 4  # accumulators of a reduction along its lanes: hides the latency of an addition
NARROW = 4  # what is left below lanes of this many places is not worth a vector loop of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Lanes of one computation: the axis ("" for none), what it costs, and what the others would cost, as text."""

    axis: str
    cost: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What every decision needs."""

    graph: Graph
    strides: Strides
    machine: Machine

    def cost(self, computation: Computation, axis: str | None) -> float:
        """What a computation costs with lanes along an axis; inf where its loops over data would have to be inside."""
        if axis in deciding(computation):
            return math.inf
        return lane_cost(computation, axis, self.strides, self.machine)

    def lanes(self, computation: Computation, taken: frozenset[str] = frozenset()) -> Choice:
        """The cheapest lanes among free axes that are not `taken` and, where the law allows, reduction axes."""
        options = [name for name in lane_options(computation) if name not in taken]
        costs = {name: self.cost(computation, name) for name in reversed(options)}
        costs[""] = self.cost(computation, None)
        best = min(costs, key=lambda name: costs[name])
        said = ", ".join(f"{name or 'none'} {cost:.3g}" for name, cost in sorted(costs.items(), key=lambda c: c[1]))
        return Choice(axis=best, cost=costs[best], reason=f"lanes cost {said}")

    def entry(self, computation: Computation, prefix: tuple[LoopOver, ...], lanes: Choice, share: int) -> Entry:
        """The loops of a computation whose outermost loops are `prefix`."""
        if computation.reduction is None or is_selection(computation):
            return self._pointwise(computation, prefix, lanes, share)
        if any(axis.name == lanes.axis for axis in computation.reduced):
            return self._along(computation, prefix, lanes, share)
        return self._across(computation, prefix, lanes, share)

    def _pointwise(self, computation: Computation, prefix: tuple[LoopOver, ...], lanes: Choice, share: int) -> Entry:
        closed = {over.axis for over in prefix if over.block == 1}
        blocked = {over.axis for over in prefix if over.block > 1}
        ranks = rank_axes(computation)
        along = lanes.axis if lanes.axis in lane_options(computation) else ""
        left = [axis.name for axis in computation.axes if axis.name not in closed | ranks]
        tiled = (along,) if along in blocked else ()
        order = [name for name in left if name != along]
        if along in left and not tiled:
            order.append(along)
        return Entry(
            computation=computation.name,
            loops=(*prefix, *(LoopOver(axis=name) for name in order)),
            tile=(*(axis.name for axis in computation.axes if axis.name in ranks), *tiled),
            reduce=tuple(LoopOver(axis=axis.name) for axis in computation.reduced),
            lanes=along,
            share=share,
            reasons=(lanes.reason,),
        )

    def _along(self, computation: Computation, prefix: tuple[LoopOver, ...], lanes: Choice, share: int) -> Entry:
        """Lanes along the reduction: partial accumulators for each result."""
        closed = {over.axis for over in prefix if over.block == 1}
        reduce = self.reduce_loops(computation, lanes.axis, frozenset(closed))
        rest = [axis.name for axis in computation.axes if axis.name not in closed]
        row = "" if prefix else served_row(computation, lanes.axis, rest, reduce[-1].block)
        loops = [LoopOver(axis=axis) for axis in rest if axis != row]
        said = f"{reduce[-1].block} partial accumulators along {lanes.axis}, combined by halves"
        if row:
            partial = self.machine.lanes(computation.body.dtype.size) * ROW_VECTORS
            reduce = (*reduce[:-1], replace(reduce[-1], block=partial))
            loops.append(LoopOver(axis=row, block=SERVED))
            said = f"{SERVED} {row} at a time use what is loaded; {partial} partial accumulators of each, combined by halves"
        return Entry(
            computation=computation.name,
            loops=(*prefix, *loops),
            tile=(row,) if row else (),
            reduce=reduce,
            lanes=lanes.axis,
            share=share,
            reasons=(lanes.reason, said),
        )

    def reduce_loops(
        self, computation: Computation, lanes: str, closed: frozenset[str] = frozenset()
    ) -> tuple[LoopOver, ...]:
        """The loops over reduced axes, in partial accumulators along the lanes if these are among them, which go last."""
        left = [axis for axis in computation.reduced if axis.name not in closed]
        found = [LoopOver(axis=axis.name) for axis in left if axis.name != lanes]
        if len(found) == len(left):
            return tuple(found)
        width = self.machine.lanes(computation.body.dtype.size)
        extent = lengths(computation)[lanes]
        partial = width * PARTIAL_VECTORS if extent >= 2 * width * PARTIAL_VECTORS else width
        return (*found, LoopOver(axis=lanes, block=min(partial, max(2, extent))))

    def _across(self, computation: Computation, prefix: tuple[LoopOver, ...], lanes: Choice, share: int) -> Entry:
        """Lanes along a free axis, or none: a tile of accumulators, the reduction outside of it."""
        closed = {over.axis for over in prefix if over.block == 1}
        reduced = {axis.name for axis in computation.reduced}
        given = {over.axis: over.block for over in prefix if over.block > 1 and over.axis not in reduced}
        turned = self.turned(computation, closed | set(given), lanes)
        most = {lanes.axis: MOST_VECTORS * self.machine.lanes(computation.body.dtype.size)}
        strips = {name: block for name, block in given.items() if block > most.get(name, MOST_ROWS)}
        given = {name: block for name, block in given.items() if name not in strips}
        found, reasons = self.tile(computation, closed, given, lanes, strips, turned)
        extents = {**computation.extents(), **{name: Extent(constant=block) for name, block in strips.items()}}
        inner = dict(found.rows)
        if lanes.axis and lanes.axis not in given:
            inner[lanes.axis] = found.lanes
        rest = [axis.name for axis in computation.axes if axis.name not in closed and axis.name not in (*inner, *given)]
        kept = {**dict(found.rows), **given, **({lanes.axis: found.lanes} if lanes.axis else {})}
        loops = [*prefix, *(LoopOver(axis=name) for name in ordered(computation, rest, kept, self.strides))]
        for name in [lanes.axis, *(row for row, _ in found.rows)]:
            if name in inner and inner[name] > 1 and not _whole(extents[name], inner[name]):
                loops.append(LoopOver(axis=name, block=inner[name]))
            elif name in inner and inner[name] == 1 and number_of(extents[name]) > 1:
                loops.append(LoopOver(axis=name))
        rows = [*(name for name in given if name != lanes.axis), *(name for name, _ in found.rows)]
        order = (*rows, *((lanes.axis,) if lanes.axis else ()))
        return Entry(
            computation=computation.name,
            loops=tuple(loops),
            tile=order,
            reduce=tuple(LoopOver(axis=axis.name) for axis in computation.reduced if axis.name not in closed),
            lanes=lanes.axis,
            turn=tuple(axis for axis, _ in turned),
            share=share,
            reasons=(lanes.reason, *reasons),
        )

    def turned(self, computation: Computation, taken: set[str], lanes: Choice) -> tuple[tuple[str, int], ...]:
        """The axes, and blocks of them, that a tile is turned along when it is stored; none where lanes are neighbours."""
        inner = self.strides.last.get(computation.name, computation.axes[-1].name if computation.axes else "")
        if not lanes.axis or lanes.axis == inner or inner != computation.axes[-1].name:
            return ()
        found = turned_axes(computation, lanes.axis, self.machine)
        return found if not taken & {lanes.axis, *(axis for axis, _ in found)} else ()

    def tile(
        self,
        computation: Computation,
        closed: set[str],
        given: Mapping[str, int],
        lanes: Choice,
        strips: Mapping[str, int],
        turned: tuple[tuple[str, int], ...],
    ) -> tuple[Tile, tuple[str, ...]]:
        """The tile of a reduction, and why."""
        taken = closed | set(given) | {lanes.axis} | deciding(computation)
        rows = [a.name for a in reversed(computation.axes) if a.name not in taken]
        if not lanes.axis:
            return Tile(lanes=1, rows=()), ()
        settled = {name: block for name, block in given.items() if name != lanes.axis}
        vector = self.machine.lanes(computation.body.dtype.size)
        rows = [] if given.get(lanes.axis, 0) > vector * MOST_VECTORS else rows
        found = tile(computation, lanes.axis, rows, settled, self.machine, strips, turned)
        if not found.rows and not given and not strips and found.lanes <= vector * MOST_VECTORS:
            wide = width(computation, lanes.axis, found.lanes, self.strides, self.machine)
            if wide > found.lanes:
                return Tile(lanes=wide, rows=()), (f"tile one row x {wide} lanes, in L1: a stream of rows from memory",)
        count = found.lanes // self.machine.lanes(computation.body.dtype.size)
        for _, block in (*found.rows, *settled.items()):
            count *= block
        shape = " x ".join([*(f"{n} {b}" for n, b in settled.items()), *(f"{n} {b}" for n, b in found.rows)])
        said = f", turned along {' '.join(axis for axis, _ in turned)}" if turned else ""
        return found, (f"tile {shape or 'one row'} x {found.lanes} lanes: {count} vector accumulators{said}",)

    def is_contraction(self, computation: Computation) -> bool:
        """Whether a reduction has operands that are used again along rows, and enough work for it to matter."""
        return classes(computation) is not None and iterations(computation) > 1


def _whole(extent: Extent, block: int) -> bool:
    return extent.is_fixed and extent.value() <= block
