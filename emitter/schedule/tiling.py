# SPDX-License-Identifier: Apache-2.0
"""Register tiles of rows x vectors for whole extents of both: the kind that wastes least, ends included.

Cycles of a tile, for each step along the reduction: the largest of

    rows * vectors / 2          two fused multiplications at a time
    (rows + vectors) / 2        two loads at a time, an element or a vector each
    4                           a multiplication waits for the one before it into the same register

and a little for what vectors and rows take from caches, more where rows are more than there are registers for addresses.

At the end of an extent stands a smaller tile, or several tiles are one smaller, where that is cheaper by more than EVEN.
"""

from __future__ import annotations

from dataclasses import dataclass

from unrut.emitter.machine import Machine

ROWS = {4: 6, 3: 8, 2: 12, 1: 14}
FEW_ROWS = {2: 6, 1: 8}
EVEN = 0.01
TILE = 60.0  # cycles to begin a tile and to end it
VECTOR, ROW, ADDRESS, ADDRESSES = 0.1, 0.06, 0.1, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiling:
    """Tiles of `rows` x `vectors`; `even_rows`, `even_vectors`: the size of the others, 0 for one that is what is left.

    `cycles` for each step along the reduction, of all `count` tiles.
    """

    rows: int
    vectors: int
    even_rows: int
    even_vectors: int
    cycles: float
    count: int


def tiling(rows: int, vectors: int, depth: int, machine: Machine) -> Tiling:
    """The tiles for so many rows and vectors of columns, and so many steps along the reduction."""
    shapes = ROWS if machine.registers >= 32 else FEW_ROWS
    found: list[Tiling] = []
    for nv in range(1, max(shapes) + 1):
        for mr in range(2, shapes[nv] + 1):
            if nv <= vectors:
                found += _tilings(rows, vectors, min(mr, rows), nv)

    def cost(t: Tiling) -> tuple[float, int, int]:
        return (t.cycles + TILE * t.count / depth, t.count, -t.vectors)

    plain = min(found, key=cost)
    close = [t for t in found if cost(t)[0] <= cost(plain)[0] * (1 + EVEN)]
    return min(close, key=lambda t: (bool(t.even_rows) + bool(t.even_vectors), _kinds(rows, vectors, t), cost(t)))


def _kinds(rows: int, vectors: int, t: Tiling) -> int:
    """How many different tiles there are."""
    return (1 + (rows % t.rows > 0)) * (1 + (vectors % t.vectors > 0))


def _tilings(rows: int, vectors: int, mr: int, nv: int) -> list[Tiling]:
    found = []
    for even_rows, row_parts in _parts(rows, mr):
        for even_vectors, vector_parts in _parts(vectors, nv):
            cycles = sum(a * b * _step(r, v) for r, a in row_parts.items() for v, b in vector_parts.items())
            count = sum(row_parts.values()) * sum(vector_parts.values())
            found.append(
                Tiling(
                    rows=mr,
                    vectors=nv,
                    even_rows=even_rows,
                    even_vectors=even_vectors,
                    cycles=cycles,
                    count=count,
                )
            )
    return found


def _step(rows: int, vectors: int) -> float:
    near = VECTOR * vectors + ROW * rows + ADDRESS * max(0, rows - ADDRESSES)
    return max(rows * vectors / 2, (rows + vectors) / 2, 4.0) + near


def _parts(extent: int, block: int) -> list[tuple[int, dict[int, int]]]:
    """How often which block occurs: with one smaller at the end, and with several that are one less."""
    blocks, left = divmod(extent, block)
    plain = {block: blocks, left: 1} if left else {block: blocks}
    found = [(0, {size: count for size, count in plain.items() if count})]
    if left and block > 1:
        lesser = block - left
        if lesser <= blocks + 1 and block - 1 > 0:
            whole = blocks + 1 - lesser
            if whole >= 0:
                found.append((block - 1, {block: whole, block - 1: lesser} if whole else {block - 1: lesser}))
    return found
