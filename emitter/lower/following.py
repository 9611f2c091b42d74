# SPDX-License-Identifier: Apache-2.0
"""The lanes of a reduction along a row, and the same part of a row to come, which is asked for beside them.

Before:  for c_block: for c (lanes): acc[c] += x[n, c_block + c]
After:   for c_block: fetch x[min(n + 1, rows - 1), c_block :]; for c (lanes): acc[c] += x[n, c_block + c]
Because: processors foresee no further than a page. A pass over a row that lies near already leaves them time for the next.
"""

from __future__ import annotations

from collections.abc import Iterator

from unrut.emitter.graph.linear import axis_value, call, constant, expression, number
from unrut.emitter.lower.fetches import LINE
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.site import Site
from unrut.emitter.nest import Accumulate, Fetch, Loop, LoopKind, Node, Store
from unrut.program.nodes import AxisValue, Const, Expr, Read, Where
from unrut.program.walk import children, free_axes, reads, rename_axes


def in_lanes(
    site: Site, axis: str, body: tuple[Node, ...], partial: int, memory: Memory, note: str
) -> tuple[Node, ...]:
    """The loop over lanes with this body; a whole one of a plan that looks ahead asks for what comes `ahead` rows later."""
    span = site.spans[axis]
    loop = Loop(
        axis=span.variable,
        start=number(0),
        stop=expression(span.size),
        body=body,
        kind=LoopKind.vector,
        note=note,
    )
    rows = site.entry.loops[-1:]
    if not site.entry.ahead or not rows or rows[0].block != 1 or span.size != constant(partial):
        return (loop,)
    place = site.spans[rows[0].axis].base
    row = next((atom.axis for _, atom in place.terms if isinstance(atom, AxisValue)), "")
    if place != axis_value(row):
        return (loop,)
    last = site.computation.extents()[rows[0].axis] - 1
    later = call("minimum", call("add", AxisValue(axis=row), number(site.entry.ahead)), expression(constant(last)))
    operands = {operand.name for operand in memory.graph.program.operands}
    found = dict.fromkeys(r for r in _always(body) if r.tensor in operands and _is_row(r, row, span.variable))
    return (*(_fetch(r, row, later, span.variable, partial, memory, note) for r in found), loop)


def _always(body: tuple[Node, ...]) -> Iterator[Read]:
    """What every iteration reads."""
    for node in body:
        waiting: list[Expr] = [node.value] if isinstance(node, Store | Accumulate) else []
        while waiting:
            expr = waiting.pop()
            if isinstance(expr, Read):
                yield expr
            waiting += children(expr) if not isinstance(expr, Where) else ()


def _is_row(read: Read, row: str, lane: str) -> bool:
    """Whether a read goes along a row in its last dimension, and along the rows by themselves."""
    *outer, inner = read.subscripts
    bare = any(subscript == AxisValue(axis=row) for subscript in outer)
    others = [subscript for subscript in outer if subscript != AxisValue(axis=row)]
    stray = any({row, lane} & free_axes(subscript) or any(reads(subscript)) for subscript in others)
    return bare and not stray and lane in free_axes(inner) and row not in free_axes(inner) and not any(reads(inner))


def _fetch(read: Read, row: str, later: Expr, lane: str, partial: int, memory: Memory, note: str) -> Node:
    along = memory.names.fresh(lane)
    memory.names.taken.discard(along)
    names: dict[str, Expr] = {row: later, lane: AxisValue(axis=along)}
    subscripts = tuple(rename_axes(subscript, names) for subscript in read.subscripts)
    return Loop(
        axis=along,
        start=number(0),
        stop=Const(value=partial, dtype=number(0).dtype),
        step=max(1, LINE // read.dtype.size),
        body=(Fetch(buffer=read.tensor, subscripts=subscripts, note=note),),
        kind=LoopKind.unrolled,
        note=note,
    )
