# SPDX-License-Identifier: Apache-2.0
"""Large kernels as several functions.

Before:  kernel: for q: [for k: S tile; softmax; for e: Y tile]          all in one function
After:   routine S: for k: S tile;  routine Y: for e: Y tile;   kernel: for q: [S(q); softmax; Y(q)]
Because: compilers need more than twice the time for twice the function, and readers lose the thread; a tile that stands
         alone has all registers to itself. Parts that are the same but for names and places (iterations written out,
         a loop and its tail) become one routine.

Routines are as large as they may be, so that little is called often. A body that accumulates in an array of its own is one
piece: what is held in registers stays there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from unrut.emitter.graph.names import Names
from unrut.emitter.graph.simplify import TRUE
from unrut.emitter.lower.bulk import bulk, bulk_of
from unrut.emitter.lower.closed import Closed, closed, merged
from unrut.emitter.lower.values import settled
from unrut.emitter.nest import (
    Accumulate,
    Buffer,
    Declare,
    Guard,
    Invoke,
    Kernel,
    Loop,
    LoopKind,
    Nest,
    Node,
    Routine,
    Store,
)
from unrut.emitter.render.walk import nodes
from unrut.program.walk import reads

MOST = 300
"""The bulk of a function that compilers and readers take in well."""
LEAST = 50
"""What has less is not worth a function."""


def outlined(nest: Nest, most: int = MOST, least: int = LEAST) -> Nest:
    """The nest with routines for parts of kernels that are large, in bulk: functions of `most`, if that can be had."""
    outlining = Outlining(nest, most, least)
    kernels = tuple(map(outlining.kernel, nest.kernels))
    return settled(replace(nest, kernels=kernels, routines=tuple(outlining.routines.values())))


class Outlining:
    """One pass over a nest; `routines` by form, each behind those that it invokes."""

    def __init__(self, nest: Nest, most: int, least: int) -> None:
        self.most = most
        self.least = least
        self.routines: dict[Routine, Routine] = {}
        self.buffers = {b.name: b for b in nest.buffers}
        self.names = Names(taken={kernel.name for kernel in nest.kernels})

    def kernel(self, kernel: Kernel) -> Kernel:
        """The kernel, in parts if it is large."""
        if bulk(kernel.body) <= self.most:
            return kernel
        return replace(kernel, body=self.parts(kernel.body, self.buffers, kernel.note))

    def parts(self, body: tuple[Node, ...], buffers: Mapping[str, Buffer], note: str) -> tuple[Node, ...]:
        """A body that is too large, its loops and branches as routines; a tile stays as it is."""
        if _is_tile(body):
            return body
        known = {**buffers, **{node.buffer.name: node.buffer for node in body if isinstance(node, Declare)}}
        return tuple(self.part(node, known, node.note or note) for node in body)

    def part(self, node: Node, buffers: Mapping[str, Buffer], note: str) -> Node:
        """One node of such a body: as it is if it is small, invoked if it is not, its inner parts first if it is too large."""
        if not isinstance(node, Loop | Guard) or bulk_of(node) < self.least:
            return node
        if bulk_of(node) > self.most and (isinstance(node, Guard) or node.kind is LoopKind.serial):
            node = self.opened(node, buffers, note)
        if bulk_of(node) < self.least:
            return node
        if isinstance(node, Guard) and node.condition == TRUE and not node.otherwise:
            return self.invoked(closed(node.body, buffers), node.body[0].note or note)
        return self.invoked(closed((node,), buffers), note)

    def opened(self, node: Loop | Guard, buffers: Mapping[str, Buffer], note: str) -> Loop | Guard:
        """A node with its own parts as routines."""
        body = self.parts(node.body, buffers, note)
        if isinstance(node, Loop):
            return replace(node, body=body)
        return replace(node, body=body, otherwise=self.parts(node.otherwise, buffers, note))

    def invoked(self, part: Closed, note: str) -> Node:
        """The invocation of the part's routine, which is a new one unless there is one of its form."""
        form = part.form()
        found = self.routines.get(form.routine)
        if found is None:
            found = replace(
                form.routine,
                name=self.names.fresh(note.partition(",")[0]),
                targets=part.targets,
                sources=part.sources,
                body=form.names.body(form.routine.body),
                note=note,
            )
        self.routines[form.routine] = merged(found, note)
        return Invoke(
            routine=found.name,
            values=form.values,
            targets=tuple(b.name for b in part.targets),
            sources=tuple(b.name for b in part.sources),
            note=note,
        )


def _is_tile(body: tuple[Node, ...]) -> bool:
    """Whether a body accumulates in an array that it declares."""
    own = {node.buffer.name for node in body if isinstance(node, Declare) and node.buffer.shape}
    return any(_accumulates(node, own) for node in nodes(body))


def _accumulates(node: Node, own: set[str]) -> bool:
    match node:
        case Accumulate(buffer=buffer):
            return buffer in own
        case Store(buffer=buffer, value=value):
            return buffer in own and any(read.tensor == buffer for read in reads(value))
        case _:
            return False
