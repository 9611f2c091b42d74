# SPDX-License-Identifier: Apache-2.0
"""Lower one user-made monoid: as many accumulators as it has states, all of them replaced at once by each place.

    states[tile] = identity
    for each reduction axis, in order:
        for the tile: term = lift;   new = combine(states[tile], term);   states[tile] = new
    for the tile: target = finish(states[tile])

Neighbours that are the same fold under the same schedule, but for `finish`, are one loop with the states of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from unrut.emitter.graph.computation import Computation, Folded
from unrut.emitter.graph.folds import joined
from unrut.emitter.graph.simplify import simplify
from unrut.emitter.lower.accumulators import Accumulators
from unrut.emitter.lower.loops import tile_loops
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.reductions import ReductionLowering
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.nest import Buffer, Declare, Node, Store
from unrut.program.extents import as_extent
from unrut.program.fold_nodes import Local, Side
from unrut.program.nodes import AxisValue, Cast, Expr, Read
from unrut.program.walk import map_bottom_up


class FoldLowering(ReductionLowering):
    """Lowers one fold site."""

    def __init__(self, site: Site, tile: tuple[str, ...], memory: Memory, twins: Sequence[Site] = ()) -> None:
        super().__init__(site, tile, memory)
        self.twins = twins
        self.whole = whole_of([site, *twins])
        assert self.whole is not None
        assert self.whole.reduction is not None
        assert isinstance(self.whole.reduction.kind, Folded)
        self.kind: Folded = self.whole.reduction.kind
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
        ends = [tile_loops(site, self.tile, context, self.note, self._end(site))]
        for twin in self.twins:
            pairs = zip(site.computation.axes, twin.computation.axes, strict=True)
            there = replace(twin, spans={b.name: site.spans[a.name] for a, b in pairs})
            ends.append(tile_loops(site, self.tile, context, self.note, self._end(there)))
        return (*declared, *start, *loops, *(node for end in ends for node in end))

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
        assert self.whole is not None
        terms = [self.memory.value(site, term, context.known) for term in self.whole.terms]
        right = {n: local(f"{n}_term", term) for n, term in zip(names, terms, strict=True)}
        left = dict(zip(names, map(_read, self.states), strict=True))
        steps = [_with(step, {Side.left: left, Side.right: right}) for step in self.kind.combine]
        new = [local(f"{n}_new", simplify(step, context.known)) for n, step in zip(names, steps, strict=True)]
        return (*nodes, *self._stored(iter(new)))

    def _end(self, site: Site) -> Callable[[Context], tuple[Node, ...]]:
        assert site.computation.reduction is not None
        kind = site.computation.reduction.kind
        assert isinstance(kind, Folded)

        def one(inner: Context) -> tuple[Node, ...]:
            names = (state.name for state in self.kind.states)
            value = _with(kind.finish, {Side.whole: dict(zip(names, map(_read, self.states), strict=True))})
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


def whole_of(sites: Sequence[Site]) -> Computation | None:
    """The fold of several sites that are one but for what they finish with; None if they are not."""
    whole: Computation | None = sites[0].computation
    for site in sites[1:]:
        whole = None if whole is None else joined(whole, site.computation)
    return whole


def folded_together(runs: Sequence[list[Site]], depth: int) -> Iterator[list[Site]]:
    """The runs inside `depth` loops, neighbours being one where they are the same fold under the same schedule."""
    waiting: list[Site] = []
    for run in runs:
        ends_here = len(run) == 1 and len(run[0].entry.loops) == depth
        if waiting and ends_here and _alike(waiting[0], run[0]) and whole_of([*waiting, run[0]]) is not None:
            waiting = [*waiting, run[0]]
            continue
        if waiting:
            yield waiting
        reduction = run[0].computation.reduction
        waiting = run if ends_here and reduction is not None and isinstance(reduction.kind, Folded) else []
        if not waiting:
            yield run
    if waiting:
        yield waiting


def _alike(one: Site, other: Site) -> bool:
    """Whether two entries say the same of axes in the same positions."""

    def said(site: Site) -> tuple[object, ...]:
        entry, computation = site.entry, site.computation
        number = {axis.name: k for k, axis in enumerate((*computation.axes, *computation.reduced))}
        loops = [[(number[over.axis], over.block) for over in group] for group in (entry.loops, entry.reduce)]
        return loops, [number[axis] for axis in entry.tile], number.get(entry.lanes)

    return said(one) == said(other)
