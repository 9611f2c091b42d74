# SPDX-License-Identifier: Apache-2.0
"""Nodes as lines, bottom-up: each node fills the view of its name, and the macro of its name says how it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from unrut.emitter.graph.linear import number
from unrut.emitter.nest import (
    Accumulate,
    Declare,
    Fetch,
    Guard,
    Invoke,
    Loop,
    LoopKind,
    Move,
    Node,
    Select,
    Sort,
    Store,
)
from unrut.emitter.render.expression import Printer
from unrut.emitter.render.fold import WIDTH, fold_remark
from unrut.emitter.render.frames import Line, Lines, macro, remark
from unrut.emitter.render.moves import move_view, unrolled
from unrut.emitter.render.places import Place, place_of
from unrut.emitter.render.ranges import axis_interval
from unrut.emitter.render.routines import Written, arguments
from unrut.emitter.render.spelling import UNARY
from unrut.emitter.render.views import (
    BODY,
    OTHERWISE,
    AccumulateView,
    DeclareView,
    FetchView,
    GuardView,
    InvokeView,
    LoopView,
    SelectView,
    SortView,
    StoreView,
)
from unrut.emitter.render.walk import filled, nodes
from unrut.program.nodes import Const, Expr
from unrut.program.types import DType

_PRAGMAS = {LoopKind.serial: "", LoopKind.vector: "UR_SIMD", LoopKind.unrolled: "UR_UNROLL"}
_SHORT = 50
_COMPOUND = {"add": "+=", "multiply": "*="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes bodies. `note` is the statement that the enclosing node serves: it is not said again inside."""

    printer: Printer
    note: str = ""
    routines: Mapping[str, Written] = field(default_factory=dict)

    def body(self, body: Sequence[Node]) -> Lines:
        """All nodes of a body, each register known from its declaration on."""
        writer = self
        lines: list[Line] = []
        rest = list(body)
        while rest:
            node = rest.pop(0)
            if isinstance(node, Declare):
                writer = writer._declaring(node)
                if rest and isinstance(first := rest[0], Store) and _defines(first, node):
                    rest.pop(0)
                    lines += writer._above(node.note or first.note)
                    lines += writer._defined(node, first, changes=_changes(node.buffer.name, rest))
                    continue
            lines += writer._above(node.note) + writer._node(node)
        return tuple(lines)

    def _declaring(self, node: Declare) -> Writer:
        name = self.printer.names.buffers[node.buffer.name]
        places = {**self.printer.places, node.buffer.name: place_of(node.buffer, name)}
        return replace(self, printer=replace(self.printer, places=places))

    def _node(self, node: Node) -> Lines:
        match node:
            case Loop():
                return self._loop(node)
            case Guard():
                return self._guard(node)
            case Declare():
                return self._declare(node)
            case Store():
                view = StoreView(statement=self._assign(node), remark=self._remark(node.note))
                return macro("store", view, note=node.note or self.note)
            case Accumulate():
                more = AccumulateView(statement=self._combine(node), remark=self._remark(node.note))
                return macro("accumulate", more, note=node.note or self.note)
            case Move():
                same = unrolled(node, self.printer)
                if not isinstance(same, Move):
                    return self._node(same)
                return macro(
                    "move", move_view(same, self.printer, self._remark(node.note)), note=node.note or self.note
                )
            case Select():
                return self._select(node)
            case Sort():
                return self._sort(node)
            case Fetch(buffer=buffer, subscripts=subscripts):
                hint = FetchView(element=f"&{self.printer.element(buffer, subscripts)}", remark=self._remark(node.note))
                return macro("fetch", hint, note=node.note or self.note)
            case Invoke():
                return self._invoke(node)
            case _:
                assert_never(node)

    def _select(self, node: Select) -> Lines:
        view = SelectView(
            function=f"ur_{'places' if node.places else 'select'}_{self._dtype(node.source)}",
            line=self._line(node),
            ranks=", ".join(map(self.printer.text, node.ranks)),
            count=str(len(node.ranks)),
            target=self._start(node.target),
            spare=self._start(node.spare) if node.spare else "NULL",
            remark=self._remark(node.note),
        )
        return macro("select", view, note=node.note or self.note)

    def _sort(self, node: Sort) -> Lines:
        view = SortView(
            function=f"ur_{'order' if node.places else 'sort'}_{self._dtype(node.source)}",
            line=self._line(node),
            target=self._start(node.target),
            spare=self._start(node.spare),
            remark=self._remark(node.note),
        )
        return macro("sort", view, note=node.note or self.note)

    def _invoke(self, node: Invoke) -> Lines:
        routine = self.routines[node.routine]
        view = InvokeView(
            function=routine.name,
            arguments=", ".join(arguments(node, routine, self.printer)),
            remark=self._remark(node.note),
        )
        return macro("invoke", view, note=node.note or self.note)

    def _dtype(self, buffer: str) -> str:
        return self.printer.places[buffer].buffer.dtype.name

    def _line(self, node: Select | Sort) -> str:
        return f"&{self.printer.element(node.source, node.subscripts)}, {self.printer.text(node.length)}"

    def _start(self, buffer: str) -> str:
        return f"&{self.printer.element(buffer, (number(0),))}"

    def _remark(self, note: str) -> str:
        """A short note, to stand at the end of a line."""
        return f"  // {remark(note)}" if note and note != self.note and len(note) <= _SHORT else ""

    def _above(self, note: str) -> Lines:
        """A long note, to stand before a node."""
        if not note or note == self.note or len(note) <= _SHORT:
            return ()
        return tuple(Line(text=f"// {row}", note=note) for row in fold_remark(remark(note), WIDTH - 20))

    def _inside(self, note: str, printer: Printer) -> Writer:
        return replace(self, printer=printer, note=note or self.note)

    def _loop(self, node: Loop) -> Lines:
        values = axis_interval(node.start, node.stop, self.printer.axes)
        inner = self._inside(node.note, self.printer.within(node.axis, values)).body(node.body)
        axis = self.printer.names.axes[node.axis]
        braces = not _is_simple(node.body)
        view = LoopView(
            axis=axis,
            start=self.printer.text(node.start),
            stop=self.printer.text(node.stop, inside=UNARY if node.kind is LoopKind.vector else 0),
            advance=f"{axis}++" if node.step == 1 else f"{axis} += {node.step}",
            pragma=_PRAGMAS[node.kind],
            opening=" {" if braces else "",
            remark=self._remark(node.note),
            has_pragma=node.kind is not LoopKind.serial,
            has_braces=braces,
        )
        return macro("loop", view, {BODY: inner}, note=node.note or self.note)

    def _guard(self, node: Guard) -> Lines:
        writer = self._inside(node.note, self.printer)
        always = isinstance(node.condition, Const) and bool(node.condition.value) and not node.otherwise
        view = GuardView(
            head="" if always else f"if ({self.printer.text(node.condition)}) ",
            remark=self._remark(node.note),
            has_otherwise=bool(node.otherwise),
        )
        bodies = {BODY: writer.body(node.body), OTHERWISE: writer.body(node.otherwise)}
        return macro("guard", view, bodies, note=node.note or self.note)

    def _declare(self, node: Declare) -> Lines:
        view = DeclareView(
            type=self.printer.dialect.types[node.buffer.dtype],
            name=self.printer.names.buffers[node.buffer.name],
            value="".join(f"[{max(1, extent.value())}]" for extent in node.buffer.shape),
            remark=self._remark(node.note),
        )
        return macro("declare", view, note=node.note or self.note)

    def _defined(self, node: Declare, first: Store, *, changes: bool) -> Lines:
        """A declaration together with the store that follows it."""
        kind = self.printer.dialect.types[node.buffer.dtype]
        note = node.note or first.note
        view = DeclareView(
            type=kind if changes else f"const {kind}",
            name=self.printer.names.buffers[node.buffer.name],
            value=f" = {self.printer.text(first.value)}",
            remark=self._remark(note),
        )
        return macro("declare", view, note=note or self.note)

    def _assign(self, node: Store) -> str:
        place = self.printer.places[node.buffer]
        return self._set(place, self.printer.element(node.buffer, node.subscripts), node.value)

    def _set(self, place: Place, element: str, value: Expr) -> str:
        if place.loaded:
            return f"ur_store_{place.buffer.dtype.name}({element}, {self.printer.text(value)})"
        if place.as_byte:
            byte = self.printer.dialect.elements[DType.bool]
            return f"{element} = ({byte})({self.printer.text(value)})"
        return f"{element} = {self.printer.text(value)}"

    def _combine(self, node: Accumulate) -> str:
        place = self.printer.places[node.buffer]
        subscripts = tuple(self.printer.text(s) for s in node.subscripts)
        dtype = place.buffer.dtype
        if dtype.is_float and node.function in _COMPOUND and not place.loaded:
            return f"{place.element(subscripts)} {_COMPOUND[node.function]} {self.printer.text(node.value)}"
        spelling = self.printer.dialect.functions[node.function, dtype]
        now = f"{place.value(subscripts)} != 0" if place.as_byte else place.value(subscripts)
        before = f"({now})" if place.as_byte and spelling.inside[0] > 0 else now
        value = spelling.pattern.format(before, self.printer.text(node.value, spelling.inside[1]))
        if place.loaded:
            return f"ur_store_{dtype.name}({place.element(subscripts)}, {value})"
        if place.as_byte:
            return f"{place.element(subscripts)} = ({self.printer.dialect.elements[dtype]})({value})"
        return f"{place.element(subscripts)} = {value}"


def _is_simple(body: tuple[Node, ...]) -> bool:
    """Whether a body is one statement that needs no braces around it."""
    if len(body) != 1:
        return False
    node = body[0]
    return isinstance(node, Store | Accumulate) or (isinstance(node, Loop) and node.kind is LoopKind.serial)


def _defines(first: Store, node: Declare) -> bool:
    return first.buffer == node.buffer.name and not node.buffer.shape


def _changes(register: str, body: Sequence[Node]) -> bool:
    return any(register in filled(n) for n in nodes(tuple(body)))
