# SPDX-License-Identifier: Apache-2.0
"""Lower one user-made monoid: as many accumulators as it has states, all of them replaced at once by each place.

states[tile] = identity
for each reduction axis, in order:
    for the tile: term = lift;   new = combine(states[tile], term);   states[tile] = new
for the tile: target = finish(states[tile])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from unrut.emitter.graph.computation import Folded
from unrut.emitter.graph.simplify import simplify
from unrut.emitter.lower.loops import tile_loops
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.reductions import Accumulators, ReductionLowering
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.nest import Buffer, Declare, Node, Store
from unrut.program.extents import as_extent
from unrut.program.fold_nodes import Local, Side
from unrut.program.nodes import AxisValue, Cast, Expr, Read
from unrut.program.walk import map_bottom_up


class FoldLowering(ReductionLowering):
    """Lowers one fold site."""

    def __init__(self, site: Site, tile: tuple[str, ...], memory: Memory) -> None:
        super().__init__(site, tile, memory)
        assert isinstance(self.reduction.kind, Folded)
        self.kind: Folded = self.reduction.kind
        self.states: tuple[Accumulators, ...] = ()

    def nodes(self, site: Site, context: Context) -> tuple[Node, ...]:
        """Accumulate and store, for everything that is open of the site's free axes."""
        open_axes = tuple(a for a in self.tile if not site.spans[a].is_single)
        shape = tuple(as_extent(max(1, site.spans[a].limit.value())) for a in open_axes)
        places = tuple(AxisValue(axis=site.spans[a].variable) for a in open_axes)
        name = site.computation.name
        self.states = tuple(
            Accumulators(buffer=self.memory.register(f"{name}_{state.name}", state.dtype, shape), places=places)
            for state in self.kind.states
        )
        declared = tuple(Declare(buffer=state.buffer, note=self.note) for state in self.states)
        start = tile_loops(site, self.tile, context, self.note, self._identity)
        loops = self._reduce(site, site.entry.reduce, self.reduction.where, context, self.states[0], None)
        return (*declared, *start, *loops, *tile_loops(site, self.tile, context, self.note, self._end(site)))

    def _identity(self, context: Context) -> tuple[Node, ...]:
        values = (simplify(first, context.known) for first in self.kind.identity)
        return tuple(self._stored(values))

    def _term(self, site: Site, context: Context, target: Accumulators, place: Accumulators | None) -> tuple[Node, ...]:
        """Every new state is computed before the first one is replaced."""
        name = site.computation.name
        nodes: list[Node] = []

        def local(stem: str, value: Expr) -> Expr:
            register: Buffer = self.memory.register(f"{name}_{stem}", value.dtype, ())
            nodes.append(Declare(buffer=register, note=self.note))
            nodes.append(Store(buffer=register.name, subscripts=(), value=value, note=self.note))
            return Read(tensor=register.name, subscripts=(), dtype=value.dtype)

        names = [state.name for state in self.kind.states]
        terms = [self.memory.value(site, term, context.known) for term in site.computation.terms]
        right = {n: local(f"{n}_term", term) for n, term in zip(names, terms, strict=True)}
        left = dict(zip(names, map(_read, self.states), strict=True))
        steps = [_with(step, {Side.left: left, Side.right: right}) for step in self.kind.combine]
        new = [local(f"{n}_new", simplify(step, context.known)) for n, step in zip(names, steps, strict=True)]
        return (*nodes, *self._stored(iter(new)))

    def _end(self, site: Site) -> Callable[[Context], tuple[Node, ...]]:
        def one(inner: Context) -> tuple[Node, ...]:
            names = (state.name for state in self.kind.states)
            value = _with(self.kind.finish, {Side.whole: dict(zip(names, map(_read, self.states), strict=True))})
            if site.computation.dtype is not value.dtype:
                value = Cast(operand=value, dtype=site.computation.dtype, implicit=True)
            return (self.memory.store(site, simplify(value, inner.known), inner.known),)

        return one

    def _stored(self, values: Iterator[Expr]) -> Iterator[Node]:
        for state, value in zip(self.states, values, strict=True):
            yield Store(buffer=state.buffer.name, subscripts=state.places, value=value, note=self.note)


def _read(state: Accumulators) -> Expr:
    return Read(tensor=state.buffer.name, subscripts=state.places, dtype=state.buffer.dtype)


def _with(expr: Expr, values: dict[Side, dict[str, Expr]]) -> Expr:
    """An expression of states with what stands for each of them."""
    return map_bottom_up(expr, lambda part: values[part.side][part.state] if isinstance(part, Local) else part)
