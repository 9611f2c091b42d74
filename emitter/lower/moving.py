# SPDX-License-Identifier: Apache-2.0
"""Stores of a tile as a whole, where the plan says so: turned, so that stores have neighbours, or past the caches.

Before:  for i: vector for j:  y[j, i] = value
After:   register tile;  for i: vector for j:  tile[i, j] = value;   y[j, i] = move tile[i, j] for i:16, j:16
Because: lanes along j would store one element here and one there, though whole lines of y are at hand. What is read as it is
needs no tile between.
"""

from __future__ import annotations

from collections.abc import Callable

from unrut.emitter.graph.linear import expression, linear
from unrut.emitter.lower.loops import UNROLL, tile_loops
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.placed import placed_loops
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.nest import Declare, Move, Node, Store
from unrut.program.nodes import AxisValue, Expr, Read
from unrut.program.walk import free_axes

Value = Callable[[Context], Expr]


def stored(site: Site, tile: tuple[str, ...], context: Context, memory: Memory, value: Value) -> tuple[Node, ...]:
    """The loops that store what is open of a computation's axes: element by element, or moved as a tile."""
    note, lanes = site.computation.statement, site.entry.lanes

    def each(inner: Context) -> tuple[Node, ...]:
        return (memory.store(site, value(inner), inner.known),)

    placed = site.computation.placement
    if placed is not None:
        unroll = 1 if site.computation.reduction is None else UNROLL
        return placed_loops(site, tile, placed.where, context, memory, each, unroll=unroll)
    moved = tuple(a for a in (*site.entry.turn, lanes) if a in tile and not site.spans[a].is_single)
    some = all(not site.spans[a].limit.is_fixed or site.spans[a].limit.value() > 0 for a in moved)
    if lanes not in moved or not some or not (site.entry.past or len(moved) > 1):
        return tile_loops(site, tile, context, note, each)
    rest = tuple(a for a in tile if a not in moved)

    def whole(outer: Context) -> tuple[Node, ...]:
        inner = outer
        for axis in moved:
            inner = inner.open(site.spans[axis].variable)
        plain = value(inner)
        if isinstance(plain, Read) and (found := _move(site, moved, memory, plain, inner)) is not None:
            return (found,)
        limits = [site.spans[a].limit for a in moved]
        between = memory.register(f"{site.computation.name}_tile", site.computation.dtype, tuple(limits))
        places = tuple(AxisValue(axis=site.spans[a].variable) for a in moved)
        found = _move(site, moved, memory, Read(tensor=between.name, subscripts=places, dtype=between.dtype), inner)
        if found is None:
            return tile_loops(site, moved, outer, note, each)

        def fill(inside: Context) -> tuple[Node, ...]:
            return (Store(buffer=between.name, subscripts=places, value=value(inside), note=note),)

        return (Declare(buffer=between, note=note), *tile_loops(site, moved, outer, note, fill), found)

    return tile_loops(site, rest, context, note, whole)


def _move(site: Site, moved: tuple[str, ...], memory: Memory, value: Read, context: Context) -> Move | None:
    """The move of a tile; None where its places are not linear in the tile's axes."""
    store = memory.store(site, value, context.known)
    spans = [site.spans[a] for a in moved]
    own = {span.variable for span in spans}
    for subscript in (*store.subscripts, *value.subscripts):
        for _, atom in linear(subscript).terms:
            if not isinstance(atom, AxisValue) and own & free_axes(atom):
                return None
    return Move(
        buffer=store.buffer,
        subscripts=store.subscripts,
        value=value,
        across=tuple(span.variable for span in spans[:-1]),
        rows=tuple(expression(span.size) for span in spans[:-1]),
        along=spans[-1].variable,
        columns=expression(spans[-1].size),
        past=site.entry.past,
        note=site.computation.statement,
    )
