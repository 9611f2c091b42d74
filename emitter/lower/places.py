# SPDX-License-Identifier: Apache-2.0
"""Computed places in variables of their own, before the loops that they don't depend on.

Before:  for e: for f (lanes): y[f] += x[clamp(idx[e]), f]
After:   for e: place = clamp(idx[e]); for f (lanes): y[f] += x[place, f]
Because: a compiler that finds the place inside the loop over lanes may take its neighbours for computed places, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from unrut.emitter.graph.linear import call
from unrut.emitter.graph.names import Names
from unrut.emitter.lower.fetches import Ahead, bound_in, fetches
from unrut.emitter.nest import (
    Accumulate,
    Buffer,
    Declare,
    Fetch,
    Guard,
    Loop,
    Move,
    Node,
    Select,
    Sort,
    Space,
    Store,
    TaskAxis,
)
from unrut.program.nodes import Const, Expr, Read, Where
from unrut.program.types import DType
from unrut.program.walk import children, free_axes, rebuild, subexpressions


def held(body: tuple[Node, ...], tasks: tuple[TaskAxis, ...], names: Names, ahead: Ahead) -> tuple[Node, ...]:
    """The body of a kernel with its computed places before the loops that they don't depend on."""
    found = _body(body, names, ahead)
    if tasks and tasks[-1].step == 1:
        found = (*fetches(found, tasks[-1].axis, tasks[-1].stop, names, ahead), *found)
    return found


def _body(body: tuple[Node, ...], names: Names, ahead: Ahead) -> tuple[Node, ...]:
    nodes: list[Node] = []
    for node in body:
        match node:
            case Loop():
                before, loop = _loop(node, names)
                inner = _body(loop.body, names, ahead)
                fetched = fetches(inner, loop.axis, loop.stop, names, ahead) if loop.step == 1 else ()
                nodes += [*before, replace(loop, body=(*fetched, *inner))]
            case Guard(body=yes, otherwise=no):
                nodes.append(replace(node, body=_body(yes, names, ahead), otherwise=_body(no, names, ahead)))
            case _:
                nodes.append(node)
    return tuple(nodes)


def _loop(loop: Loop, names: Names) -> tuple[list[Node], Loop]:
    """Variables for the places inside a loop that nothing inside of it changes, and the loop that reads them."""
    found = list(dict.fromkeys(_places(loop)))
    if not found:
        return [], loop
    written, bound = frozenset(_written(loop)), frozenset(bound_in(loop))
    kept = [expr for tensor, expr in found if not free_axes(expr) & bound and not _reads(expr) & written]
    if not kept:
        return [], loop
    before: list[Node] = []
    registers: dict[Expr, Expr] = {}
    for tensor, expr in found:
        if expr in registers or expr not in kept:
            continue
        register = Buffer(name=names.fresh(f"{tensor}_place"), dtype=expr.dtype, shape=(), space=Space.register)
        value = expr
        if not _runs(loop):
            some = call("less", loop.start, loop.stop, dtype=DType.bool)
            value = Where(condition=some, then=expr, otherwise=Const(value=0, dtype=expr.dtype), dtype=expr.dtype)
        before += [
            Declare(buffer=register, note=loop.note),
            Store(buffer=register.name, subscripts=(), value=value, note=loop.note),
        ]
        registers[expr] = Read(tensor=register.name, subscripts=(), dtype=expr.dtype)
    (changed,) = (_exchanged(node, registers) for node in (loop,))
    assert isinstance(changed, Loop)
    return before, changed


def _places(node: Node) -> Iterator[tuple[str, Expr]]:
    """Subscripts that read, of whatever a node always reads or writes, with the buffer that they are of."""
    match node:
        case Loop(body=body):
            for inner in body:
                if not isinstance(inner, Loop) or _runs(inner):
                    yield from _places(inner)
        case (
            Store(buffer=buffer, subscripts=subscripts, value=value)
            | Accumulate(buffer=buffer, subscripts=subscripts, value=value)
        ):
            yield from ((buffer, subscript) for subscript in subscripts if _reads(subscript))
            yield from _read_places(value)
        case Guard() | Declare() | Move() | Select() | Sort() | Fetch():
            return


def _read_places(expr: Expr) -> Iterator[tuple[str, Expr]]:
    """The same of an expression; what is evaluated under a condition alone is left out."""
    if isinstance(expr, Where):
        yield from _read_places(expr.condition)
        return
    if isinstance(expr, Read):
        yield from ((expr.tensor, subscript) for subscript in expr.subscripts if _reads(subscript))
    for part in children(expr):
        yield from _read_places(part)


def _reads(expr: Expr) -> frozenset[str]:
    return frozenset(part.tensor for part in subexpressions(expr) if isinstance(part, Read) and part.subscripts)


def _runs(loop: Loop) -> bool:
    """Whether a loop is known to have an iteration."""
    bounds = (loop.start, loop.stop)
    return all(isinstance(b, Const) for b in bounds) and int(loop.start.value) < int(loop.stop.value)  # type: ignore[union-attr]


def _written(node: Node) -> Iterator[str]:
    match node:
        case Loop(body=body):
            for inner in body:
                yield from _written(inner)
        case Guard(body=body, otherwise=otherwise):
            for inner in (*body, *otherwise):
                yield from _written(inner)
        case Declare(buffer=buffer):
            yield buffer.name
        case Store(buffer=name) | Accumulate(buffer=name) | Move(buffer=name):
            yield name
        case Select(target=target, spare=spare) | Sort(target=target, spare=spare):
            yield from (target, spare)
        case Fetch():
            return


def _exchanged(node: Node, registers: Mapping[Expr, Expr]) -> Node:
    """The node with variables in place of what they hold, wherever it stands."""

    def one(expr: Expr) -> Expr:
        if expr in registers:
            return registers[expr]
        parts = children(expr)
        return rebuild(expr, tuple(one(part) for part in parts)) if parts else expr

    match node:
        case Loop(start=start, stop=stop, body=body):
            return replace(
                node, start=one(start), stop=one(stop), body=tuple(_exchanged(inner, registers) for inner in body)
            )
        case Guard(condition=condition, body=body, otherwise=otherwise):
            sides = (tuple(_exchanged(inner, registers) for inner in side) for side in (body, otherwise))
            yes, no = sides
            return replace(node, condition=one(condition), body=yes, otherwise=no)
        case Store(subscripts=subscripts, value=value) | Accumulate(subscripts=subscripts, value=value):
            return replace(node, subscripts=tuple(map(one, subscripts)), value=one(value))
        case _:
            return node
