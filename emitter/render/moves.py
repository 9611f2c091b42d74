# SPDX-License-Identifier: Apache-2.0
"""Tiles that are moved as they are: two pointers, their steps, and the function of the vocabulary that does it."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from unrut.emitter.graph.linear import linear, number
from unrut.emitter.nest import Loop, Move, Node, Space
from unrut.emitter.render.expression import Printer
from unrut.emitter.render.places import Place
from unrut.emitter.render.ranges import Interval
from unrut.emitter.render.views import MoveView
from unrut.program.nodes import Const, Expr

_ZERO = Interval(low=0, high=0)


def unrolled(node: Move, printer: Printer) -> Node:
    """The move, or what means the same: loops over elements that have no address, or over rows that follow no one step."""
    target, source = printer.places[node.buffer], printer.places[node.value.tensor]
    dtype, dialect = target.buffer.dtype, printer.dialect
    if target.loaded or source.loaded or dialect.types[dtype] != dialect.elements[dtype]:
        return node.loops()
    steady = len(node.across)
    while steady > 1 and _follow(node, steady, printer):
        steady -= 1
    outer = node.across[: steady - 1]
    inner: Node = replace(node, across=node.across[len(outer) :], rows=node.rows[len(outer) :])
    for axis, stop in reversed(tuple(zip(outer, node.rows, strict=False))):
        inner = Loop(axis=axis, start=number(0), stop=stop, body=(inner,), note=node.note)
    return inner


def move_view(node: Move, printer: Printer, remark: str) -> MoveView:
    """The call that moves a tile whose rows follow one step."""
    target, source = printer.places[node.buffer], printer.places[node.value.tensor]
    first = printer
    for axis, _ in node.axes():
        first = first.within(axis, _ZERO)
    across = node.across[-1] if node.across else ""

    def side(place: Place, subscripts: tuple[Expr, ...]) -> str:
        steps = (_step(place, subscripts, axis) for axis in (across, node.along))
        return ", ".join([f"&{first.element(place.buffer.name, subscripts)}", *steps])

    rows = [printer.text(size) for size in node.rows]
    return MoveView(
        function=f"ur_move_{target.buffer.dtype.size * 8}",
        target=side(target, node.subscripts),
        source=side(source, node.value.subscripts),
        rows=str(prod(map(int, rows))) if len(rows) != 1 else rows[0],
        columns=printer.text(node.columns),
        past="true" if node.past else "false",
        remark=remark,
    )


def _follow(node: Move, level: int, printer: Printer) -> bool:
    """Whether the rows of one axis begin where those of the next one inside end, on both sides."""
    size = node.rows[level - 1]
    sides = ((node.buffer, node.subscripts), (node.value.tensor, node.value.subscripts))
    outer, inner = node.across[level - 2], node.across[level - 1]
    for name, subscripts in sides:
        near, far = (_distance(printer.places[name], subscripts, axis) for axis in (inner, outer))
        if near is None or far is None or not isinstance(size, Const) or far != near * int(size.value):
            return False
    return isinstance(node.rows[level - 2], Const)


def _distance(place: Place, subscripts: tuple[Expr, ...], axis: str) -> int | None:
    """Elements between neighbours along an axis, as a number; None if that is known at run time only."""
    total = 0
    for subscript, stride in zip(subscripts, _strides(place), strict=True):
        each = linear(subscript).coefficient(axis)
        if each and stride is None:
            return None
        total += each * (stride or 0)
    return total


def _strides(place: Place) -> tuple[int | None, ...]:
    if place.buffer.space is not Space.register:
        return place.layout.strides
    extents = [extent.value() for extent in place.buffer.shape]
    return tuple(prod(extents[d + 1 :]) for d in range(len(extents)))


def _step(place: Place, subscripts: tuple[Expr, ...], axis: str) -> str:
    """The same as text."""
    known = _distance(place, subscripts, axis)
    if known is not None and (known == 0 or place.buffer.space is Space.register):
        return str(known)
    return place.offset(tuple(str(linear(subscript).coefficient(axis)) for subscript in subscripts))
