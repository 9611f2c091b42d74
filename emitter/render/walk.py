# SPDX-License-Identifier: Apache-2.0
"""Going through the nodes of a nest: bodies, expressions, what a kernel touches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from unrut.emitter.graph.linear import number
from unrut.emitter.nest import (
    Accumulate,
    Declare,
    Fetch,
    Guard,
    Invoke,
    Kernel,
    Loop,
    Move,
    Nest,
    Node,
    Select,
    Sort,
    Store,
)
from unrut.program.nodes import Expr
from unrut.program.walk import reads


def bodies(node: Node) -> tuple[tuple[Node, ...], ...]:
    """The bodies that a node encloses."""
    match node:
        case Loop(body=body):
            return (body,)
        case Guard(body=body, otherwise=otherwise):
            return (body, otherwise)
        case Declare() | Store() | Accumulate() | Move() | Select() | Sort() | Fetch() | Invoke():
            return ()
        case _:
            assert_never(node)


def nodes(body: tuple[Node, ...]) -> Iterator[Node]:
    """Every node of a body, parents first, in the order of the text."""
    waiting = [*reversed(body)]
    while waiting:
        node = waiting.pop()
        yield node
        for inner in reversed(bodies(node)):
            waiting += reversed(inner)


def expressions(node: Node) -> tuple[Expr, ...]:
    """The expressions of a node itself, not of its bodies."""
    match node:
        case Loop(start=start, stop=stop):
            return (start, stop)
        case Guard(condition=condition):
            return (condition,)
        case Store(subscripts=subscripts, value=value) | Accumulate(subscripts=subscripts, value=value):
            return (*subscripts, value)
        case Move(subscripts=subscripts, value=value, rows=rows, columns=columns):
            return (*subscripts, value, *rows, columns)
        case Select(subscripts=subscripts, length=length, ranks=ranks):
            return (*subscripts, length, *ranks)
        case Sort(subscripts=subscripts, length=length):
            return (*subscripts, length)
        case Fetch(subscripts=subscripts):
            return subscripts
        case Invoke(values=values):
            return values
        case Declare():
            return ()
        case _:
            assert_never(node)


def accesses(node: Node) -> Iterator[tuple[str, tuple[Expr, ...]]]:
    """Buffer and subscripts of everything that a node itself reads or writes; what a routine does is its own."""
    if isinstance(node, Store | Accumulate | Move | Fetch):
        yield node.buffer, node.subscripts
    if isinstance(node, Select | Sort):
        yield node.source, node.subscripts
        yield from ((name, (number(0),)) for name in filled(node))
    for expr in expressions(node):
        yield from ((read.tensor, read.subscripts) for read in reads(expr))


def filled(node: Node) -> tuple[str, ...]:
    """The buffers that a node itself writes."""
    match node:
        case Store(buffer=buffer) | Accumulate(buffer=buffer) | Move(buffer=buffer):
            return (buffer,)
        case Select(target=target, spare=spare) | Sort(target=target, spare=spare):
            return (target, spare) if spare else (target,)
        case Invoke(targets=targets):
            return targets
        case _:
            return ()


def everything(nest: Nest) -> Iterator[Node]:
    """Every node of a nest, those of its routines first."""
    for routine in nest.routines:
        yield from nodes(routine.body)
    for kernel in nest.kernels:
        yield from nodes(kernel.body)


def reached(kernel: Kernel, nest: Nest) -> Iterator[Node]:
    """Every node of a kernel, and of the routines that it invokes."""
    waiting = [kernel.body]
    while waiting:
        for node in nodes(waiting.pop()):
            yield node
            if isinstance(node, Invoke):
                waiting.append(nest.routine(node.routine).body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Names of the buffers that a kernel uses, and of those among them that it writes."""

    used: frozenset[str]
    written: frozenset[str]


def touched(kernel: Kernel) -> Touched:
    """What a kernel uses, its registers included."""
    inside = list(nodes(kernel.body))
    given = (name for node in inside if isinstance(node, Invoke) for name in (*node.targets, *node.sources))
    return Touched(
        used=frozenset(name for node in inside for name, _ in accesses(node)) | frozenset(given),
        written=frozenset(name for node in inside for name in filled(node)),
    )
