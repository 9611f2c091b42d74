# SPDX-License-Identifier: Apache-2.0
"""How much a compiler makes of a part of a nest: operations in its text after unrolling, whole vectors counting as one."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import assert_never

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
from unrut.emitter.schedule.costs import work
from unrut.program.nodes import Const, Expr
from unrut.program.walk import reads

VECTOR = 64
"""Bytes of a vector: the widest there is."""
PEELED = 8
"""Compilers write out loops of at most so many iterations, if little stands inside."""
LITTLE = 12
RUN_TIME = 4
"""Versions of a vector loop whose end is not known: main loop, what is before and behind it."""


def bulk(body: Iterable[Node]) -> int:
    """The bulk of a body."""
    return sum(map(bulk_of, body))


def bulk_of(node: Node) -> int:
    """The bulk of one node with all that it encloses."""
    match node:
        case Loop():
            inner = bulk(node.body)
            return inner * _copies(node, inner)
        case Guard(condition=condition, body=body, otherwise=otherwise):
            return _operations(condition) + bulk(body) + bulk(otherwise)
        case Store(value=value):
            return 1 + _operations(value)
        case Accumulate(value=value):
            return 1 + _operations(value)
        case Move() | Select() | Sort() | Invoke() | Fetch() | Declare():
            return 1
        case _:
            assert_never(node)


def _operations(value: Expr) -> int:
    return ceil(work(value)) + sum(1 for _ in reads(value))


def _copies(loop: Loop, inner: int) -> int:
    """How often the body of a loop stands in the text in the end."""
    if not (isinstance(loop.start, Const) and isinstance(loop.stop, Const)):
        return RUN_TIME if loop.kind is LoopKind.vector else 1
    count = max(0, ceil((int(loop.stop.value) - int(loop.start.value)) / loop.step))
    match loop.kind:
        case LoopKind.unrolled:
            return count
        case LoopKind.vector:
            size = max((node.value.dtype.size for node in loop.body if isinstance(node, Store | Accumulate)), default=4)
            vectors = ceil(count * size / VECTOR)
            return vectors if vectors <= PEELED else RUN_TIME
        case LoopKind.serial:
            return count if count <= PEELED and inner <= LITTLE else 1
        case _:
            assert_never(loop.kind)
