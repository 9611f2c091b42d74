# SPDX-License-Identifier: Apache-2.0
"""Lower one reduction inside its outer loops: accumulators for the tile, reduction loops outside of the tile's, then the store.

    acc[tile] = identity
    for each reduction axis, within the bounds that `where` leaves:
        for the tile: acc[tile] = combine(acc[tile], term)
    for the tile: target = acc[tile]                 combined with `initial`, partial accumulators by a fixed tree

argmax and argmin keep (value, place): see `contests`.
"""

from __future__ import annotations

from dataclasses import replace

from unrut.emitter.graph.computation import Reduction
from unrut.emitter.graph.laws import identity, law
from unrut.emitter.graph.linear import Linear, axis_value, call, constant, expression, extent_expr, number
from unrut.emitter.graph.simplify import FALSE, simplify
from unrut.emitter.lower.accumulators import Accumulators, is_short, vector
from unrut.emitter.lower.bounds import Cut, cut
from unrut.emitter.lower.conditions import nested, settled
from unrut.emitter.lower.contests import Best, Held, taken, wins, wins_later
from unrut.emitter.lower.following import in_lanes
from unrut.emitter.lower.hoist import hoisted
from unrut.emitter.lower.loops import Body, Opening, opened, side_by_side, strided, tile_loops
from unrut.emitter.lower.masking import masked
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.moving import stored
from unrut.emitter.lower.site import Context, Site, narrowed
from unrut.emitter.nest import Accumulate, Buffer, Declare, LoopKind, Node, Store
from unrut.emitter.schedule.plan import LoopOver
from unrut.program.extents import as_extent
from unrut.program.nodes import AxisValue, Call, Cast, Expr, Read, ReduceKind
from unrut.program.types import DType

ARGS = (ReduceKind.argmax, ReduceKind.argmin)


class ReductionLowering:
    """Lowers one reduction site."""

    def __init__(self, site: Site, tile: tuple[str, ...], memory: Memory) -> None:
        assert site.computation.reduction is not None
        self.tile = tile
        self.memory = memory
        self.note = site.computation.statement
        self.reduction: Reduction = site.computation.reduction
        self.is_arg = self.reduction.kind in ARGS
        self.dtype = site.computation.body.dtype

    def nodes(self, site: Site, context: Context) -> tuple[Node, ...]:
        """Accumulate and store, for everything that is open of the site's free axes."""
        lanes = site.entry.lanes
        partial = site.entry.reduce[-1].block if lanes and lanes == site.entry.reduce[-1].axis else 0
        open_axes = tuple(a for a in self.tile if not site.spans[a].is_single)
        shape = tuple(as_extent(max(1, site.spans[a].limit.value())) for a in open_axes)
        places = tuple(AxisValue(axis=site.spans[a].variable) for a in open_axes)
        name = site.computation.name
        value = self.memory.register(f"{name}_acc", self.dtype, (*shape, *((as_extent(partial),) if partial else ())))
        target = Accumulators(buffer=value, places=places, partial=partial)
        declared: list[Node] = [Declare(buffer=value, note=self.note)]
        if self.is_arg:
            index = self.memory.register(f"{name}_place", DType.i64, tuple(value.shape))
            place: Accumulators | None = Accumulators(buffer=index, places=places, partial=partial)
            declared.append(Declare(buffer=index, note=self.note))
        else:
            place = None
        start = self._start(site, context, target, place)
        loops = self._reduce(site, site.entry.reduce, self.reduction.where, context, target, place)
        tree = self._tree(site, context, target, place) if partial else ()
        return (*declared, *start, *loops, *tree, *self._close(site, context, target, place))

    def _close(
        self, site: Site, context: Context, target: Accumulators, place: Accumulators | None
    ) -> tuple[Node, ...]:
        """What becomes of what is accumulated."""
        return self._finish(site, context, target, place)

    def _start(
        self, site: Site, context: Context, target: Accumulators, place: Accumulators | None
    ) -> tuple[Node, ...]:
        assert isinstance(self.reduction.kind, ReduceKind)  # a fold starts its states by itself
        first = identity(self.reduction.kind, self.dtype)

        if target.partial:
            lane = self.memory.names.fresh("lane")
            self.memory.names.taken.discard(lane)

            def each(_: Context) -> tuple[Node, ...]:
                stored = [target.at(AxisValue(axis=lane)).begun(first, self.note)]
                if place is not None:
                    stored.append(place.at(AxisValue(axis=lane)).begun(number(-1), self.note))
                return (vector(lane, target.partial, tuple(stored), self.note),)

            return tile_loops(site, self.tile, context, self.note, each)

        def one(_: Context) -> tuple[Node, ...]:
            return (
                target.begun(first, self.note),
                *((place.begun(number(-1), self.note),) if place is not None else ()),
            )

        return tile_loops(site, self.tile, context, self.note, one)

    def _reduce(
        self,
        site: Site,
        remaining: tuple[LoopOver, ...],
        pending: tuple[Expr, ...],
        context: Context,
        target: Accumulators,
        place: Accumulators | None,
    ) -> tuple[Node, ...]:
        """The reduction's loops; `pending` are conditions that no loop bound has taken care of yet."""
        variables, pending, context = hoisted(site, pending, context, self.memory)
        if variables:
            return (*variables, *self._reduce(site, remaining, pending, context, target, place))
        ready, context, pending = settled(site, pending, context, self.memory)
        if FALSE in ready:
            return ()
        if ready:
            return nested(ready, self._reduce(site, remaining, pending, context, target, place), self.note)
        if not remaining:
            return self._terms(site, self.tile, pending, context, target, place)
        axis, rest = remaining[0].axis, remaining[1:]
        if target.partial and not rest:
            return self._lanes(site, axis, pending, context, target, place)
        found = cut(site, axis, pending, context)
        chunks: list[tuple[Node, ...]] = []
        for piece in found.pieces:
            inner, known = narrowed(site, axis, context.known, piece)
            chunks.append(self._loop(inner, axis, rest, found, piece.first, context.learn(known), target, place))
        return side_by_side(chunks, self.note)

    def _loop(
        self,
        site: Site,
        axis: str,
        rest: tuple[LoopOver, ...],
        found: Cut,
        first: Linear,
        context: Context,
        target: Accumulators,
        place: Accumulators | None,
    ) -> tuple[Node, ...]:
        def body(sites: tuple[Site, ...], inner: Context) -> tuple[Node, ...]:
            return self._reduce(sites[0], rest, found.pending, inner, target, place)

        if found.residue is not None:
            return strided(site, axis, found.residue.after(first), context, self.note, body)
        kind = LoopKind.unrolled if not self.is_arg and is_short(site, axis, target) else LoopKind.serial
        return opened(replace(self._opening(site, axis, context, body), kind=kind), 1)

    def _opening(self, site: Site, axis: str, context: Context, body: Body) -> Opening:
        names = self.memory.names
        return Opening(sites=(site,), axes=(axis,), context=context, names=names, body=body, note=self.note)

    def _terms(
        self,
        site: Site,
        axes: tuple[str, ...],
        pending: tuple[Expr, ...],
        context: Context,
        target: Accumulators,
        place: Accumulators | None,
    ) -> tuple[Node, ...]:
        """The tile's loops, with each condition tested as far outside as its variables allow."""
        before = context
        ready, context, pending = settled(site, pending, context, self.memory)
        if FALSE in ready:
            return ()
        if ready:
            left = [a for a in axes if not site.spans[a].is_single and site.spans[a].variable not in before.opened]
            whole = (
                () if left or pending else masked(site, ready, before, self.memory, target.buffer.name, target.places)
            )
            inside = self._terms(site, axes, pending, context, target, place)
            return whole or nested(ready, inside, self.note)
        axes = tuple(a for a in axes if not site.spans[a].is_single)
        if axes:
            return tile_loops(
                site, axes[:1], context, self.note, lambda c: self._terms(site, axes[1:], pending, c, target, place)
            )
        return self._term(site, context, target, place)

    def _term(self, site: Site, context: Context, target: Accumulators, place: Accumulators | None) -> tuple[Node, ...]:
        """One term combined with what is accumulated."""
        value = self.memory.value(site, site.computation.body, context.known)
        if place is not None:
            return self._contest(site, value, context, target, place)
        assert isinstance(self.reduction.kind, ReduceKind)
        function = law(self.reduction.kind).combine
        return (
            Accumulate(
                buffer=target.buffer.name, subscripts=target.places, function=function, value=value, note=self.note
            ),
        )

    def _contest(
        self, site: Site, value: Expr, context: Context, target: Accumulators, place: Accumulators
    ) -> tuple[Node, ...]:
        """One term against the best one so far."""
        term = self.memory.register(f"{site.computation.name}_term", self.dtype, ())
        flat: Expr = number(0)
        for axis in self.reduction.axes:
            flat = call("add", call("multiply", flat, extent_expr(axis.extent)), expression(site.value(axis.name)))
        best = Best(value=target.element(), place=place.element())
        new = Held(value=Read(tensor=term.name, subscripts=(), dtype=self.dtype), place=simplify(flat, context.known))
        declared = (Declare(buffer=term, note=self.note), Store(buffer=term.name, subscripts=(), value=value))
        return (*declared, *taken(wins_later(self.reduction.kind, new, best), new, best, self._won(site), self.note))

    def _won(self, site: Site, what: str = "won") -> Buffer:
        return self.memory.register(f"{site.computation.name}_{what}", DType.bool, ())

    def _lanes(
        self,
        site: Site,
        axis: str,
        pending: tuple[Expr, ...],
        context: Context,
        target: Accumulators,
        place: Accumulators | None,
    ) -> tuple[Node, ...]:
        """The innermost reduction loop in blocks of as many places as there are partial accumulators, then its tail."""
        found = cut(site, axis, pending, context, residues=False)
        chunks: list[tuple[Node, ...]] = []
        for piece in found.pieces:
            inner, known = narrowed(site, axis, context.known, piece)

            def body(sites: tuple[Site, ...], inside: Context) -> tuple[Node, ...]:
                return self._lane(sites[0], axis, found.pending, inside, target, place)

            block = target.partial
            chunks.append(opened(self._opening(inner, axis, context.learn(known), body), block))
        return side_by_side(chunks, self.note)

    def _lane(
        self,
        site: Site,
        axis: str,
        pending: tuple[Expr, ...],
        context: Context,
        target: Accumulators,
        place: Accumulators | None,
    ) -> tuple[Node, ...]:
        span = site.spans[axis]
        lane = AxisValue(axis=span.variable) if not span.is_single else number(0)
        inner, beside = target.at(lane), None if place is None else place.at(lane)

        def each(tile: Context) -> tuple[Node, ...]:
            after = tile.open(span.variable)
            nodes = self._terms(site, (), pending, after, inner, beside)
            if span.is_single or not nodes:
                return nodes
            return in_lanes(site, axis, nodes, target.partial, self.memory, self.note)

        return tile_loops(site, self.tile, context, self.note, each)

    def _tree(self, site: Site, context: Context, target: Accumulators, place: Accumulators | None) -> tuple[Node, ...]:
        """Halve the partial accumulators until the first holds everything."""
        function = law(self.reduction.kind).combine
        lane = self.memory.names.fresh("lane")
        self.memory.names.taken.discard(lane)
        here = AxisValue(axis=lane)

        def step(half: int) -> tuple[Node, ...]:
            upper = expression(axis_value(lane) + constant(half))
            mine, other = target.at(here).element(), target.at(upper).element()
            if place is None:
                return (
                    Accumulate(
                        buffer=mine.tensor, subscripts=mine.subscripts, function=function, value=other, note=self.note
                    ),
                )
            best = Best(value=mine, place=place.at(here).element())
            new = Held(value=other, place=place.at(upper).element())
            return taken(wins(self.reduction.kind, new, best), new, best, self._won(site, "ahead"), self.note)

        def halves(_: Context) -> tuple[Node, ...]:
            nodes: list[Node] = []
            width = target.partial
            while width > 1:
                half = (width + 1) // 2
                nodes.append(vector(lane, width - half, step(half), self.note))
                width = half
            return tuple(nodes)

        return tile_loops(site, self.tile, context, self.note, halves)

    def _finish(
        self, site: Site, context: Context, target: Accumulators, place: Accumulators | None
    ) -> tuple[Node, ...]:
        def value(inner: Context) -> Expr:
            if place is not None:
                return call("maximum", (place.at(number(0)) if place.partial else place).element(), number(0))
            places = (*target.places, number(0)) if target.partial else target.places
            total: Expr = Read(tensor=target.buffer.name, subscripts=places, dtype=self.dtype)
            if self.reduction.initial is not None:
                function = law(self.reduction.kind).combine
                first = self.memory.value(site, self.reduction.initial, inner.known)
                total = Call(function=function, arguments=(total, first), dtype=self.dtype)
            if site.computation.dtype is not self.dtype:
                total = Cast(operand=total, dtype=site.computation.dtype, implicit=True)
            return total

        return stored(site, self.tile, context, self.memory, value)
