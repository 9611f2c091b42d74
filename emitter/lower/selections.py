# SPDX-License-Identifier: Apache-2.0
"""Lower one selection: from a stored line of terms, or by a network over terms that are evaluated in place.

    stored line:    chosen = select(line, ranks)          few ranks of one line
                    sorted = sort(line)                   many: all of them, then each is read
    network:        a3 = term 3 ...    low = minimum(a3, a7), high = maximum(a3, a7) ...

The axes that only the rank mentions ask for other ranks of the same terms. All other axes are loops around it: a network is
nothing but arithmetic, so lanes go along any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from unrut.emitter.graph.computation import Graph
from unrut.emitter.graph.linear import call, constant, extent_expr, number
from unrut.emitter.graph.selection import line_read, rank_axes
from unrut.emitter.graph.simplify import simplify
from unrut.emitter.lower.loops import tile_loops, with_value
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.networks import network
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.nest import Buffer, Declare, Node, Select, Sort, Space, Store
from unrut.emitter.schedule.selections import by_network
from unrut.program.extents import Extent, as_extent
from unrut.program.nodes import Const, Expr, Read, ReduceKind, Where
from unrut.program.types import DType
from unrut.program.walk import rename_axes

FEW = 4  # ranks of one line that are selected one by one; from there on it is sorted
SHORT = 4096  # a line that is gone through again and again; a longer one is narrowed, which takes memory


class SelectionLowering:
    """Lowers one selection site; `tile` are the axes that its loops leave open."""

    def __init__(self, site: Site, tile: tuple[str, ...], memory: Memory, graph: Graph) -> None:
        assert site.computation.reduction is not None
        assert site.computation.reduction.rank is not None
        computation = site.computation
        ranks = rank_axes(computation)
        self.memory = memory
        self.note = computation.statement
        self.rank = site.computation.reduction.rank
        self.places = site.computation.reduction.kind is ReduceKind.arg_kth_smallest
        self.around = tuple(axis for axis in tile if axis not in ranks)
        self.asked = tuple(axis for axis in tile if axis in ranks)
        self.line = line_read(graph, computation)
        self.length = Extent(constant=1)
        for axis in computation.reduced:
            self.length = self.length * axis.extent

    def nodes(self, site: Site, context: Context) -> tuple[Node, ...]:
        """Everything for the open axes of the site."""

        def each(inner: Context) -> tuple[Node, ...]:
            if by_network(site.computation):
                return self._by_network(site, inner)
            return self._from_line(site, inner)

        return tile_loops(site, self.around, context, self.note, each)

    def _from_line(self, site: Site, context: Context) -> tuple[Node, ...]:
        line = self.line
        assert line is not None, "a legal plan stores the terms of what is no network"
        first: Mapping[str, Expr] = {axis.name: number(0) for axis in site.computation.reduced}
        start = self.memory.value(site, rename_axes(line, dict(first)), context.known)
        assert isinstance(start, Read)
        asked = self._few(site)
        if asked == []:
            return ()  # no rank of an empty range
        dtype = DType.i64 if self.places else line.dtype
        name = site.computation.name
        if asked is None:
            target = self.memory.line(f"{name}_sorted", dtype, self.length)
            spare = self.memory.line(f"{name}_spare", dtype, self.length)
            node: Node = Sort(
                target=target.name,
                source=start.tensor,
                subscripts=start.subscripts,
                length=extent_expr(self.length),
                spare=spare.name,
                places=self.places,
                note=self.note,
            )

            def store(inner: Context) -> tuple[Node, ...]:
                rank = self.memory.value(site, self.rank, inner.known)
                value = Read(tensor=target.name, subscripts=(rank,), dtype=dtype)
                return (self.memory.store(site, value, inner.known),)

            stores = tile_loops(site, self.asked, context, self.note, store)
            return (*_declared((target, spare), self.note), node, *stores)
        chosen = self.memory.register(f"{name}_chosen", dtype, (as_extent(len(asked)),))
        long = not self.length.is_fixed or self.length.value() > SHORT
        beside = (self.memory.line(f"{name}_left", line.dtype, self.length),) if long else ()
        sites = [_at(site, self.asked, at, context) for at in asked]
        node = Select(
            target=chosen.name,
            source=start.tensor,
            subscripts=start.subscripts,
            length=extent_expr(self.length),
            ranks=tuple(self.memory.value(s, self.rank, c.known) for s, c in sites),
            places=self.places,
            spare=beside[0].name if beside else "",
            note=self.note,
        )
        found = tuple(
            self.memory.store(s, Read(tensor=chosen.name, subscripts=(number(k),), dtype=dtype), c.known)
            for k, (s, c) in enumerate(sites)
        )
        return (*_declared((chosen, *beside), self.note), node, *found)

    def _few(self, site: Site) -> list[tuple[int, ...]] | None:
        """The places of the open rank axes, if they are few."""
        spans = [site.spans[axis] for axis in self.asked]
        sizes = [span.size.constant.value() for span in spans if span.size.is_number]
        if len(sizes) < len(spans):
            return None
        found = list(product(*map(range, sizes)))
        return found if len(found) <= FEW else None

    def _by_network(self, site: Site, context: Context) -> tuple[Node, ...]:
        terms = self._terms(site, context)
        nodes: list[Node] = []
        keys = [self._named(site, value, nodes) for value in terms]
        spots = [number(k) for k in range(len(keys))]
        sizes = [site.spans[axis].size for axis in self.asked]
        if not all(size.is_number for size in sizes):
            return self._of_many(site, context, keys, spots, nodes)
        asked = [_at(site, self.asked, at, context) for at in product(*(range(s.constant.value()) for s in sizes))]
        ranks = [simplify(s.place(self.rank), c.known) for s, c in asked]
        fixed = [int(rank.value) for rank in ranks if isinstance(rank, Const)]
        every = range(len(keys)) if len(fixed) < len(ranks) else fixed
        found = self._ordered(site, keys, spots, every, nodes)
        for (inner, known), rank in zip(asked, ranks, strict=True):
            value = self._of_rank(inner, known, rank, found, nodes)
            nodes.append(self.memory.store(inner, value, known.known))
        return tuple(nodes)

    def _of_many(
        self, site: Site, context: Context, keys: Sequence[Expr], spots: Sequence[Expr], nodes: list[Node]
    ) -> tuple[Node, ...]:
        """All of a line in order once, then a loop over the ranks that are asked for, as many as there are."""
        found = self._ordered(site, keys, spots, range(len(keys)), nodes)

        def store(inner: Context) -> tuple[Node, ...]:
            chosen: list[Node] = []
            rank = simplify(site.place(self.rank), inner.known)
            value = self._of_rank(site, inner, rank, found, chosen, "rank")
            return (*chosen, self.memory.store(site, value, inner.known))

        return (*nodes, *tile_loops(site, self.asked, context, self.note, store))

    def _ordered(
        self, site: Site, keys: Sequence[Expr], spots: Sequence[Expr], wanted: Iterable[int], nodes: list[Node]
    ) -> list[Expr]:
        """The terms, or their places, in ascending order as far as some ranks are wanted."""
        current: list[tuple[Expr, Expr]] = list(zip(keys, spots, strict=True))
        for step in network(len(keys), frozenset(wanted)):
            one, other = current[step.low], current[step.high]
            low, high = self._exchanged(site, one, other, (step.needs_low, step.needs_high), nodes)
            current[step.low], current[step.high] = low, high
        return [pair[1 if self.places else 0] for pair in current]

    def _terms(self, site: Site, context: Context) -> list[Expr]:
        """The term of every place, in order."""
        axes = tuple(axis.name for axis in site.computation.reduced)
        places = product(*(range(axis.extent.value()) for axis in site.computation.reduced))
        found = []
        for at in places:
            inner, known = _at(site, axes, at, context)
            found.append(self.memory.value(inner, site.computation.body, known.known))
        return found

    def _named(self, site: Site, value: Expr, nodes: list[Node], what: str = "") -> Expr:
        """A register with this value, that nothing changes; numbered, if nothing says what it is."""
        stem = f"{site.computation.name}_{what or len(nodes) // 2}"
        register = self.memory.register(stem, value.dtype, ())
        nodes.append(Declare(buffer=register, note=self.note))
        nodes.append(Store(buffer=register.name, subscripts=(), value=value, note=self.note))
        return Read(tensor=register.name, subscripts=(), dtype=value.dtype)

    def _exchanged(
        self,
        site: Site,
        one: tuple[Expr, Expr],
        other: tuple[Expr, Expr],
        needs: tuple[bool, bool],
        nodes: list[Node],
    ) -> tuple[tuple[Expr, Expr], tuple[Expr, Expr]]:
        """Two terms (key and place) in order; of equal keys the first place is lower."""
        (a, p), (b, q) = one, other
        if not self.places:
            low = self._named(site, call("minimum", a, b, dtype=a.dtype), nodes) if needs[0] else a
            high = self._named(site, call("maximum", a, b, dtype=a.dtype), nodes) if needs[1] else b
            return (low, p), (high, q)
        tie = call("bitwise_and", _compared("equal", b, a), _compared("less", q, p), dtype=DType.bool)
        turned = self._named(site, call("bitwise_or", _compared("less", b, a), tie, dtype=DType.bool), nodes)

        def chosen(then: Expr, otherwise: Expr) -> Expr:
            return self._named(site, Where(condition=turned, then=then, otherwise=otherwise, dtype=then.dtype), nodes)

        low_pair = (chosen(b, a), chosen(q, p)) if needs[0] else one
        high_pair = (chosen(a, b), chosen(p, q)) if needs[1] else other
        return low_pair, high_pair

    def _of_rank(
        self, site: Site, context: Context, rank: Expr, found: Sequence[Expr], nodes: list[Node], what: str = ""
    ) -> Expr:
        """What has a rank, known now or not."""
        if isinstance(rank, Const):
            return found[int(rank.value)]
        asked = self._named(site, self.memory.value(site, self.rank, context.known), nodes, what)
        value = found[-1]
        for k in reversed(range(len(found) - 1)):
            value = Where(
                condition=_compared("equal", asked, number(k)), then=found[k], otherwise=value, dtype=value.dtype
            )
        return value


def _compared(function: str, a: Expr, b: Expr) -> Expr:
    return call(function, a, b, dtype=DType.bool)


def _at(site: Site, axes: tuple[str, ...], at: tuple[int, ...], context: Context) -> tuple[Site, Context]:
    """The site at one place of some axes, relative to where they begin."""
    for axis, k in zip(axes, at, strict=True):
        span = site.spans[axis]
        (site,), context = with_value((site,), (axis,), context, span.base + constant(k), constant(1))
    return site, context


def _declared(buffers: Sequence[Buffer], note: str) -> tuple[Node, ...]:
    return tuple(Declare(buffer=b, note=note) for b in buffers if b.space is Space.register)
