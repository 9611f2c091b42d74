# SPDX-License-Identifier: Apache-2.0
"""Bodies with holes for what comes from around them: parts that do the same at other places become the same.

Before:  X[k + k_block, y] with k looped over inside;  for i below n - n % 5
After:   X[k + hole 0, hole 1];  for i below hole 2        holes: k_block, y, n - n % 5
Because: a main loop and its tail, or two iterations, often differ in where they begin alone.

A hole is the part of an index expression that no loop inside changes and that nothing is read for. Numbers stay where they are:
ends of loops that are known stay known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import assert_never

from unrut.emitter.graph.linear import Linear, expression, linear
from unrut.emitter.nest import Accumulate, Declare, Fetch, Guard, Invoke, Loop, Move, Node, Select, Sort, Store
from unrut.program.extents import Extent
from unrut.program.nodes import AxisValue, Call, Const, Expr, ExtentValue, Read
from unrut.program.types import DType
from unrut.program.walk import children, rebuild

_INDEX = ("add", "subtract", "multiply", "negative", "minimum", "maximum")
_BY_NUMBER = ("floor_divide", "remainder")


def hole(number: int) -> str:
    """The axis that stands for a hole."""
    return f"hole {number}"


@dataclass(slots=True, kw_only=True)
class Holes:
    """Makes holes; `found` is what stood there. `bound` are the axes of loops inside."""

    bound: frozenset[str]
    found: list[Expr] = field(default_factory=list)

    def body(self, body: tuple[Node, ...]) -> tuple[Node, ...]:
        """The body with holes."""
        return tuple(map(self.node, body))

    def node(self, node: Node) -> Node:
        match node:
            case Loop(start=start, stop=stop):
                first, last = self.whole(start), self.whole(stop)
                return replace(node, start=first, stop=last, body=self.body(node.body))
            case Guard(condition=condition):
                test = self.expr(condition)
                return replace(node, condition=test, body=self.body(node.body), otherwise=self.body(node.otherwise))
            case Store(value=value):
                return replace(node, subscripts=self.places(node.subscripts), value=self.expr(value))
            case Accumulate(value=value):
                return replace(node, subscripts=self.places(node.subscripts), value=self.expr(value))
            case Move(value=value):
                read = self.expr(value)
                assert isinstance(read, Read)
                rows, columns = tuple(map(self.whole, node.rows)), self.whole(node.columns)
                places = self.places(node.subscripts)
                return replace(node, subscripts=places, value=read, rows=rows, columns=columns)
            case Select(subscripts=subscripts, ranks=ranks):
                length, found = self.whole(node.length), tuple(map(self.whole, ranks))
                return replace(node, subscripts=self.places(subscripts), length=length, ranks=found)
            case Sort(subscripts=subscripts):
                return replace(node, subscripts=self.places(subscripts), length=self.whole(node.length))
            case Fetch(subscripts=subscripts):
                return replace(node, subscripts=self.places(subscripts))
            case Invoke(values=values):
                return replace(node, values=tuple(map(self.whole, values)))
            case Declare():
                return node
            case _:
                assert_never(node)

    def places(self, subscripts: tuple[Expr, ...]) -> tuple[Expr, ...]:
        """Subscripts, each with a hole, which is 0 where nothing comes from around."""
        return tuple(self.index(s, always=True) for s in subscripts)

    def whole(self, expr: Expr) -> Expr:
        """An end of a loop: all of it is one hole, or it stays."""
        form = linear(expr)
        if form.is_number or not all(self.is_outer(atom) for _, atom in form.terms):
            return self.expr(expr)
        return self.made(form)

    def expr(self, expr: Expr) -> Expr:
        match expr:
            case Read(subscripts=subscripts):
                return replace(expr, subscripts=self.places(subscripts))
            case Call(function=function, arguments=(dividend, Const() as divisor)) if function in _BY_NUMBER:
                return replace(expr, arguments=(self.expr(dividend), divisor))
            case _ if expr.dtype is DType.i64:
                return self.index(expr)
            case _:
                return self.inside(expr)

    def inside(self, expr: Expr) -> Expr:
        parts = children(expr)
        return rebuild(expr, tuple(map(self.expr, parts))) if parts else expr

    def index(self, expr: Expr, *, always: bool = False) -> Expr:
        """An i64 expression; its constant part with names of sizes belongs to the hole, numbers stay."""
        form = linear(expr)
        own = Linear(constant=_named(form), terms=tuple((c, a) for c, a in form.terms if self.is_outer(a)))
        if own == Linear() and not always:
            return self.inside(expr)
        rest = form - own
        kept = Linear(constant=rest.constant)
        for c, atom in rest.terms:
            kept = kept + linear(atom if isinstance(atom, AxisValue) else self.inside_atom(atom)) * c
        return expression(kept + linear(self.made(own)))

    def inside_atom(self, atom: Expr) -> Expr:
        if isinstance(atom, Read) or (isinstance(atom, Call) and atom.function in _BY_NUMBER):
            return self.expr(atom)
        return self.inside(atom)

    def made(self, form: Linear) -> Expr:
        self.found.append(expression(form))
        return AxisValue(axis=hole(len(self.found) - 1))

    def is_outer(self, atom: Expr) -> bool:
        """Whether an atom is arithmetic of what comes from around alone, of a kind that may be done too early."""
        match atom:
            case AxisValue(axis=axis):
                return axis not in self.bound
            case Const() | ExtentValue():
                return atom.dtype is DType.i64
            case Call(function=function, arguments=arguments, dtype=DType.i64) if function in _INDEX:
                return all(map(self.is_outer, arguments))
            case Call(function=function, arguments=(dividend, Const(value=by)), dtype=DType.i64):
                return function in _BY_NUMBER and by > 0 and self.is_outer(dividend)
            case _:
                return False


def _named(form: Linear) -> Extent:
    return replace(form.constant, constant=0)


def filled(value: Expr, holes: dict[str, Expr]) -> Expr:
    """An expression with other ones in its holes, as plain as it can be written."""
    match value:
        case AxisValue(axis=axis):
            return holes.get(axis, value)
        case _ if value.dtype is DType.i64 and not isinstance(value, Read):
            form = linear(value)
            total = Linear(constant=form.constant)
            for c, atom in form.terms:
                part = filled(atom, holes) if isinstance(atom, AxisValue) else _inside(atom, holes)
                total = total + linear(part) * c
            return expression(total) if total != form else value
        case _:
            return _inside(value, holes)


def _inside(value: Expr, holes: dict[str, Expr]) -> Expr:
    parts = children(value)
    return rebuild(value, tuple(filled(part, holes) for part in parts)) if parts else value
