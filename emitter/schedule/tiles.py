# SPDX-License-Identifier: Apache-2.0
"""The innermost part of a reduction: how many vectors of lanes, and how many places of other axes, are kept in registers.

Accumulators: rows x vectors, at most 24 of 32 registers (12 of 16): 6x4, 8x3, 12x2, 14x1. Rows are axes along which a vector
that was loaded is used again; without such an axis there are only vectors. Differences in padding decide between shapes,
ties go to more vectors (fewer broadcasts).

A tile is written out, once for each way in which its axes may be cut off. A term that is itself long (guards, divisions)
leaves room for fewer rows, and for fewer vectors: TEXT vector operations are the most that compilers take in a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unrut.emitter.graph.access import Access, accesses
from unrut.emitter.graph.computation import Computation, Folded
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import deciding, effort, iterations, lengths, number_of, places, work
from unrut.program.extents import Extent

TEXT = 1200
ROWS = {4: 6, 3: 8, 2: 12, 1: 14}
FEW_ROWS = {2: 6, 1: 8}
RUNS = (16, 12, 8)  # vectors of a tile of one row; compilers write out no more than 16
SERVED = 4  # rows that use what is loaded along reduced lanes
LARGE = 1 << 16  # terms of a reduction for which it is worth more text
TASKS = 4  # for each core


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """`lanes` places of the lanes axis; rows: places of other axes, in the order in which they are looped over."""

    lanes: int
    rows: tuple[tuple[str, int], ...]


def rounded(extent: int, block: int) -> float:
    """Padded work over work for blocks of an extent."""
    return -(-extent // block) * block / extent


def even_block(extent: int, most: int) -> int:
    """The largest block of at most `most` places whose padding is within 3 % of the least."""
    if extent <= most:
        return extent
    options = range(max(2, most // 2), most + 1)
    least = min(rounded(extent, block) for block in options)
    return max(block for block in options if rounded(extent, block) <= least + 0.03)


def reused(computation: Computation, lanes: str, axis: str) -> bool:
    """Whether some access goes along the lanes and not along the axis: a loaded vector serves several of its places."""
    found: list[Access] = list(accesses(computation))
    return any(lanes in access.axes() and axis not in access.axes() for access in found)


def served_row(computation: Computation, lanes: str, free: list[str], partial: int) -> str:
    """The last free axis of which several places can use what is loaded along reduced lanes; empty if that is not worth it."""
    kind = None if computation.reduction is None else computation.reduction.kind
    if isinstance(kind, Folded) or iterations(computation) < LARGE or computation.update is not None:
        return ""
    many = lengths(computation)
    rows = [
        a
        for a in free
        if many[a] >= 2 * SERVED and computation.extents()[a].is_fixed and a not in deciding(computation)
    ]
    return next((a for a in reversed(rows) if many[lanes] >= 2 * partial and reused(computation, lanes, a)), "")


def _operations(computation: Computation) -> float:
    """Vector operations of one term, its conditions included."""
    conditions = computation.reduction.where if computation.reduction is not None else ()
    return max(1.0, effort(computation)) + sum(map(work, conditions))


def tile(
    computation: Computation,
    lanes: str,
    rows: list[str],
    given: dict[str, int],
    machine: Machine,
    strips: Mapping[str, int],
    turned: tuple[tuple[str, int], ...] = (),
) -> Tile:
    """A tile for lanes along a free axis. `rows`: axes that may be rows, best first; `given`: blocks that are settled;
    `strips`: what loops around leave of an axis; `turned`: rows that the tile has in any case, beside one vector.
    """
    shapes = ROWS if machine.registers >= 32 else FEW_ROWS
    width = machine.lanes(computation.body.dtype.size)
    extents = {axis.name: axis.extent for axis in computation.axes}
    extents |= {name: Extent(constant=block) for name, block in strips.items() if name in extents}
    vectors = -(-number_of(extents[lanes]) // width)
    settled = 1
    for block in given.values():
        settled *= block
    options = [nv for nv in shapes if nv <= max(vectors, 1) and (settled == 1 or nv * settled <= max(shapes) * 6)] or [
        1
    ]
    nv = min(options, key=lambda n: (round(rounded(vectors, n), 1), -n))
    nv = 1 if turned else nv
    room = int(TEXT / (_operations(computation) * 2 ** sum(not e.is_fixed for e in extents.values())))
    nv = max(1, min(nv, room))
    budget = max(1, min(shapes[nv], room // nv) // settled)
    found: list[tuple[str, int]] = list(reversed(turned))
    for axis in rows:
        if budget < 2 or turned:
            break
        extent = number_of(extents[axis])
        if extent < 2 or not reused(computation, lanes, axis):
            continue
        block = even_block(extent, budget)
        found.append((axis, block))
        budget //= block
    if not found and settled == 1 and not strips:
        nv = _long(vectors, nv, number_of(extents[lanes]), computation, machine)
    return Tile(lanes=nv * width, rows=tuple(reversed(found)))


def _long(vectors: int, fewest: int, extent: int, computation: Computation, machine: Machine) -> int:
    """Vectors of a tile of one row: as many as are written out, where long runs are read once and enough tasks remain."""
    if machine.registers < 32 or iterations(computation) < LARGE or _operations(computation) > 2:
        return fewest
    others = places(computation.shape) // max(1, extent)
    enough = TASKS * machine.cores
    options = [nv for nv in RUNS if nv > fewest and nv <= vectors and others * (vectors // nv) >= enough]
    return next((nv for nv in options if rounded(vectors, nv) <= 1.03), fewest)
