# SPDX-License-Identifier: Apache-2.0
"""Tiles that are moved as they are: two pointers, their steps, and the function of the vocabulary that does it."""

from __future__ import annotations

from math import prod

from unrut.emitter.graph.linear import linear
from unrut.emitter.nest import Move, Space
from unrut.emitter.render.expression import Printer
from unrut.emitter.render.places import Place
from unrut.emitter.render.ranges import Interval
from unrut.emitter.render.views import MoveView
from unrut.program.nodes import Expr

_ZERO = Interval(low=0, high=0)


def moved(node: Move, printer: Printer, remark: str) -> MoveView | None:
    """The call that moves a tile; None where an element in memory is not what a value is, or has no address of its own."""
    target, source = printer.places[node.buffer], printer.places[node.value.tensor]
    dtype, dialect = target.buffer.dtype, printer.dialect
    if target.loaded or source.loaded or dialect.types[dtype] != dialect.elements[dtype]:
        return None
    first = printer.within(node.across, _ZERO).within(node.along, _ZERO)

    def side(place: Place, subscripts: tuple[Expr, ...]) -> str:
        steps = (_step(place, subscripts, axis) for axis in (node.across, node.along))
        return ", ".join([f"&{first.element(place.buffer.name, subscripts)}", *steps])

    return MoveView(
        function=f"ur_move_{dtype.size * 8}",
        target=side(target, node.subscripts),
        source=side(source, node.value.subscripts),
        rows=printer.text(node.rows),
        columns=printer.text(node.columns),
        past="true" if node.past else "false",
        remark=remark,
    )


def _step(place: Place, subscripts: tuple[Expr, ...], axis: str) -> str:
    """Elements between neighbours along an axis."""
    each = [linear(subscript).coefficient(axis) for subscript in subscripts]
    if not any(each):
        return "0"
    if place.buffer.space is not Space.register:
        return place.offset(tuple(map(str, each)))
    extents = [extent.value() for extent in place.buffer.shape]
    return str(sum(c * prod(extents[d + 1 :]) for d, c in enumerate(each)))
