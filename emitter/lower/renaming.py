# SPDX-License-Identifier: Apache-2.0
"""Nodes with other names for their axes and buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from unrut.emitter.nest import Accumulate, Buffer, Declare, Fetch, Guard, Invoke, Loop, Move, Node, Select, Sort, Store
from unrut.program.nodes import AxisValue, Expr, Read
from unrut.program.walk import map_bottom_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """New names, or values, of axes, and new names of buffers; what is not in it stays as it is."""

    axes: Mapping[str, Expr]
    buffers: Mapping[str, str]

    def body(self, body: tuple[Node, ...]) -> tuple[Node, ...]:
        """Every node of a body renamed, declarations and loops too."""
        return tuple(map(self.node, body))

    def node(self, node: Node) -> Node:
        match node:
            case Loop(axis=axis, start=start, stop=stop, body=body):
                return replace(
                    node,
                    axis=self.axis(axis),
                    start=self.expr(start),
                    stop=self.expr(stop),
                    body=self.body(body),
                )
            case Guard(condition=condition, body=body, otherwise=otherwise):
                return replace(
                    node, condition=self.expr(condition), body=self.body(body), otherwise=self.body(otherwise)
                )
            case Declare(buffer=buffer):
                return replace(node, buffer=self.buffer(buffer))
            case Store(buffer=name, subscripts=subscripts, value=value):
                return replace(node, buffer=self.name(name), subscripts=self.all(subscripts), value=self.expr(value))
            case Accumulate(buffer=name, subscripts=subscripts, value=value):
                return replace(node, buffer=self.name(name), subscripts=self.all(subscripts), value=self.expr(value))
            case Move(value=value):
                read = self.expr(value)
                assert isinstance(read, Read)
                return replace(
                    node,
                    buffer=self.name(node.buffer),
                    subscripts=self.all(node.subscripts),
                    value=read,
                    across=tuple(map(self.axis, node.across)),
                    rows=self.all(node.rows),
                    along=self.axis(node.along),
                    columns=self.expr(node.columns),
                )
            case Select(subscripts=subscripts, length=length, ranks=ranks):
                return replace(
                    node,
                    target=self.name(node.target),
                    source=self.name(node.source),
                    spare=self.name(node.spare),
                    subscripts=self.all(subscripts),
                    length=self.expr(length),
                    ranks=self.all(ranks),
                )
            case Sort(subscripts=subscripts, length=length):
                return replace(
                    node,
                    target=self.name(node.target),
                    source=self.name(node.source),
                    spare=self.name(node.spare),
                    subscripts=self.all(subscripts),
                    length=self.expr(length),
                )
            case Fetch(buffer=name, subscripts=subscripts):
                return replace(node, buffer=self.name(name), subscripts=self.all(subscripts))
            case Invoke(values=values, targets=targets, sources=sources):
                return replace(
                    node,
                    values=self.all(values),
                    targets=tuple(map(self.name, targets)),
                    sources=tuple(map(self.name, sources)),
                )
            case _:
                assert_never(node)

    def axis(self, axis: str) -> str:
        """A bound axis."""
        own = self.axes.get(axis)
        return own.axis if isinstance(own, AxisValue) else axis

    def name(self, buffer: str) -> str:
        return self.buffers.get(buffer, buffer)

    def buffer(self, buffer: Buffer) -> Buffer:
        return replace(buffer, name=self.name(buffer.name))

    def all(self, parts: tuple[Expr, ...]) -> tuple[Expr, ...]:
        return tuple(map(self.expr, parts))

    def expr(self, expr: Expr) -> Expr:
        return map_bottom_up(expr, self._leaf)

    def _leaf(self, expr: Expr) -> Expr:
        match expr:
            case AxisValue(axis=axis):
                return self.axes.get(axis, expr)
            case Read(tensor=tensor) if tensor in self.buffers:
                return replace(expr, tensor=self.buffers[tensor])
            case _:
                return expr
