# SPDX-License-Identifier: Apache-2.0
"""Registers that nobody reads are left out, with everything that is computed for them alone.

Before:  register top: f32[];  for r: top maximum= x[r];  y[0] = start        where an earlier piece of a range chose `start`
After:   y[0] = start
Because: pieces of a range are lowered from one plan, and one piece may not need all of what the plan computes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from unrut.emitter.nest import Accumulate, Declare, Fetch, Guard, Invoke, Loop, Move, Node, Select, Sort, Store
from unrut.program.nodes import Expr
from unrut.program.walk import reads


def without_unused(body: tuple[Node, ...]) -> tuple[Node, ...]:
    """The body without registers that are written and never read, until there are none."""
    found = tuple(each for node in body for each in _inside(node))
    for number, node in enumerate(found):
        if isinstance(node, Declare):
            name, rest = node.buffer.name, found[number + 1 :]
            if not any(_needs(later, name) for later in rest):
                left = (*found[:number], *(each for later in rest for each in _without(later, name)))
                return without_unused(left)
    return found


def _inside(node: Node) -> Iterator[Node]:
    """The node with its own bodies cleaned; nothing for one that has nothing left to do."""
    match node:
        case Loop(body=body):
            inner = without_unused(body)
            if inner or not body:
                yield replace(node, body=inner)
        case Guard(body=body, otherwise=otherwise):
            yes, no = without_unused(body), without_unused(otherwise)
            if yes or no:
                yield replace(node, body=yes, otherwise=no)
        case _:
            yield node


def _needs(node: Node, name: str) -> bool:
    """Whether a node reads a register, or fills it in a way that can't be left out."""
    match node:
        case Loop(body=body, start=start, stop=stop):
            return _read([start, stop], name) or any(_needs(inner, name) for inner in body)
        case Guard(condition=condition, body=body, otherwise=otherwise):
            return _read([condition], name) or any(_needs(inner, name) for inner in (*body, *otherwise))
        case Store(buffer=buffer, subscripts=subscripts, value=value):
            return _read(subscripts if buffer == name else (*subscripts, value), name)
        case Accumulate(buffer=buffer, subscripts=subscripts, value=value):
            return _read(subscripts if buffer == name else (*subscripts, value), name)
        case Move(buffer=buffer, subscripts=subscripts, value=value, rows=rows, columns=columns):
            return _read(
                (*subscripts, *rows, columns) if buffer == name else (*subscripts, value, *rows, columns), name
            )
        case Select(subscripts=subscripts, length=length, ranks=ranks):
            touched = name in (node.source, node.target, node.spare)
            return touched or _read((*subscripts, length, *ranks), name)
        case Sort(subscripts=subscripts, length=length):
            return name in (node.source, node.target, node.spare) or _read((*subscripts, length), name)
        case Fetch(subscripts=subscripts):
            return _read(subscripts, name)
        case Invoke(values=values):
            return name in (*node.targets, *node.sources) or _read(values, name)
        case Declare():
            return False
        case _:
            assert_never(node)


def _read(parts: Iterable[Expr], name: str) -> bool:
    return any(read.tensor == name for part in parts for read in reads(part))


def _without(node: Node, name: str) -> Iterator[Node]:
    """The node without what writes a register; nothing for one that has nothing left to do."""
    match node:
        case Store(buffer=buffer) | Accumulate(buffer=buffer) | Move(buffer=buffer) if buffer == name:
            return
        case Loop(body=body):
            inner = tuple(each for part in body for each in _without(part, name))
            if inner:
                yield replace(node, body=inner)
        case Guard(body=body, otherwise=otherwise):
            yes, no = (tuple(each for part in side for each in _without(part, name)) for side in (body, otherwise))
            if yes or no:
                yield replace(node, body=yes, otherwise=no)
        case _:
            yield node
