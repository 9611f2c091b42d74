# SPDX-License-Identifier: Apache-2.0
"""Rows at computed places are asked for some iterations before their use.

Before:  for e: place = clamp(idx[e]); for f: y[f] += x[place, f]
After:   for e: later = clamp(idx[min(e + 16, end - 1)]); fetch x[later, :]; place = clamp(idx[e]); for f: y[f] += x[place, f]
Because: rows at places that nobody foresees come from memory in the time of several rows. How far ahead, and of which
         operands, is the plan's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from unrut.emitter.graph.linear import call, extent_expr, number
from unrut.emitter.graph.names import Names
from unrut.emitter.nest import Accumulate, Buffer, Declare, Fetch, Guard, Loop, LoopKind, Move, Node, Space, Store
from unrut.program.extents import Extent
from unrut.program.nodes import AxisValue, Call, Const, Expr, Read, Where
from unrut.program.walk import children, free_axes, reads, rename_axes

LINE = 64  # bytes that a fetch brings
MOST = 8  # lines of a row that are asked for: what follows them is foreseen by processors


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Operands whose rows at computed places are fetched before their use, and how many iterations before."""

    distances: Mapping[str, int]
    operands: Mapping[str, tuple[Extent, ...]]


def fetches(body: tuple[Node, ...], axis: str, stop: Expr, names: Names, ahead: Ahead) -> tuple[Node, ...]:
    """What asks for the rows of later iterations over an axis, whose places are found in the body of this one."""
    if not ahead.distances:
        return ()
    nodes: list[Node] = []
    places = {
        store.buffer: store
        for declare, store in pairwise(body)
        if isinstance(declare, Declare) and isinstance(store, Store) and declare.buffer.name == store.buffer
    }
    places = {name: store for name, store in places.items() if axis in free_axes(store.value)}
    asked: set[tuple[str, tuple[Expr, ...]]] = set()
    for loop in (node for node in body if isinstance(node, Loop)):
        for read in (r for r in _rows(loop) if r.tensor in ahead.distances):
            own = [s.tensor for s in read.subscripts if isinstance(s, Read) and s.tensor in places]
            free = frozenset[str]().union(*map(free_axes, read.subscripts)) & frozenset(bound_in(loop))
            last = AxisValue(axis=loop.axis)
            if len(own) != 1 or not free <= {loop.axis} or read.subscripts[-1] != last or loop.start != number(0):
                continue
            value = places[own[0]].value
            if not {r.tensor for r in reads(value)} <= set(ahead.operands) or (read.tensor, read.subscripts) in asked:
                continue
            asked.add((read.tensor, read.subscripts))
            nodes += _fetch(read, own[0], value, loop, axis, stop, names, ahead)
    return tuple(nodes)


def _rows(node: Node) -> Iterator[Read]:
    """What is always read inside of a loop."""
    match node:
        case Loop(body=body):
            for inner in body:
                yield from _rows(inner)
        case Store(value=value) | Accumulate(value=value):
            waiting: list[Expr] = [value]
            while waiting:
                expr = waiting.pop()
                if isinstance(expr, Read):
                    yield expr
                waiting += children(expr) if not isinstance(expr, Where) else ()
        case _:
            return


def _fetch(
    read: Read, place: str, value: Expr, loop: Loop, axis: str, stop: Expr, names: Names, ahead: Ahead
) -> list[Node]:
    last = call("subtract", _end(value, axis, stop, ahead), number(1))
    later = call("minimum", call("add", AxisValue(axis=axis), number(ahead.distances[read.tensor])), last)
    register = Buffer(name=names.fresh(f"{read.tensor}_later"), dtype=value.dtype, shape=(), space=Space.register)
    along = names.fresh(loop.axis)
    step = max(1, LINE // read.dtype.size)
    most = number(MOST * step)
    subscripts = tuple(
        Read(tensor=register.name, subscripts=(), dtype=value.dtype)
        if isinstance(s, Read) and s.tensor == place
        else rename_axes(s, {loop.axis: AxisValue(axis=along)})
        for s in read.subscripts
    )
    short = isinstance(loop.stop, Const) and int(loop.stop.value) <= int(most.value)
    lines = Loop(
        axis=along,
        start=number(0),
        stop=loop.stop if short else call("minimum", loop.stop, most),
        step=step,
        body=(Fetch(buffer=read.tensor, subscripts=subscripts, note=loop.note),),
        kind=LoopKind.unrolled if short else LoopKind.serial,
        note=loop.note,
    )
    moved = rename_axes(value, {axis: later})
    return [
        Declare(buffer=register, note=loop.note),
        Store(buffer=register.name, subscripts=(), value=moved, note=loop.note),
        lines,
    ]


def _end(value: Expr, axis: str, stop: Expr, ahead: Ahead) -> Expr:
    """Where the places end that may be looked at: with the loop; or, where every place is brought inside, with the list of
    places, since what follows one run of places is often the next run."""
    inside = isinstance(value, Call) and value.function in ("minimum", "maximum")
    lists = {read.tensor for read in reads(value) if axis in free_axes(read)}
    bare = all(read.subscripts == (AxisValue(axis=axis),) for read in reads(value) if axis in free_axes(read))
    return extent_expr(ahead.operands[lists.pop()][0]) if inside and bare and len(lists) == 1 else stop


def bound_in(node: Node) -> Iterator[str]:
    """The axes that loops in a node bind, its own among them."""
    match node:
        case Loop(axis=axis, body=body):
            yield axis
            for inner in body:
                yield from bound_in(inner)
        case Guard(body=body, otherwise=otherwise):
            for inner in (*body, *otherwise):
                yield from bound_in(inner)
        case Move(across=across, along=along):
            yield from (*across, along)
        case _:
            return
