# SPDX-License-Identifier: Apache-2.0
"""What a reduction is accumulated in: registers for a tile, and for each of its places perhaps partial results side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from unrut.emitter.graph.linear import number
from unrut.emitter.lower.site import Site
from unrut.emitter.nest import Buffer, Loop, LoopKind, Node, Store
from unrut.program.nodes import Expr, Read, Where
from unrut.program.walk import free_axes, subexpressions

SHORT = 27  # terms of a row of a tile that are written out
SHORT_BYTES = 8192  # and the bytes of all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Accumulators:
    """The buffer that a reduction accumulates in, its subscripts at the place of the tile, and how many partial ones."""

    buffer: Buffer
    places: tuple[Expr, ...]
    partial: int = 0

    def at(self, lane: Expr) -> Accumulators:
        """One of the partial ones."""
        return replace(self, places=(*self.places, lane))

    def element(self) -> Read:
        """What is accumulated at the place of the tile."""
        return Read(tensor=self.buffer.name, subscripts=self.places, dtype=self.buffer.dtype)

    def begun(self, value: Expr, note: str) -> Node:
        """The store of what it begins with."""
        return Store(buffer=self.buffer.name, subscripts=self.places, value=value, note=note)


def is_short(site: Site, axis: str, target: Accumulators) -> bool:
    """Whether the loop over a reduced axis is written out: where conditions choose among terms that are few, most are then
    decided, and the row of a tile stays in registers."""
    computation, span = site.computation, site.spans[axis]
    reduced = frozenset(each.name for each in computation.reduced)
    tests = (e.condition for e in subexpressions(computation.body) if isinstance(e, Where))
    fixed = span.size.is_number and not span.base.axes() and all(each.extent.is_fixed for each in computation.reduced)
    if target.partial or len(target.buffer.shape) != 1 or not fixed or not any(free_axes(t) & reduced for t in tests):
        return False
    count = prod(each.extent.value() for each in computation.reduced)
    size = target.buffer.shape[0].value() * target.buffer.dtype.size
    return 1 < count <= SHORT and count * size <= SHORT_BYTES


def vector(lane: str, width: int, body: tuple[Node, ...], note: str) -> Node:
    """A loop over lanes."""
    kind = LoopKind.vector if width > 1 else LoopKind.serial
    return Loop(axis=lane, start=number(0), stop=number(width), body=body, kind=kind, note=note)
