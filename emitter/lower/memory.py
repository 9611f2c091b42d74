# SPDX-License-Identifier: Apache-2.0
"""Buffers: what the plan stores where, and reads and stores of tensors as accesses of buffers."""

from __future__ import annotations

from dataclasses import replace

from unrut.emitter.graph.computation import Graph
from unrut.emitter.graph.linear import Linear, call, constant, expression, extent_expr, linear
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.ranges import Known, inside, range_known
from unrut.emitter.graph.simplify import simplify
from unrut.emitter.lower.site import Site
from unrut.emitter.nest import Buffer, Space, Store
from unrut.emitter.schedule.plan import Plan
from unrut.emitter.schedule.storage import REGISTER_BYTES, Storage, storage, total
from unrut.program.extents import Extent
from unrut.program.nodes import Call, Expr, Read
from unrut.program.types import DType
from unrut.program.walk import children, reads, rebuild, subexpressions


class Memory:
    """The buffers of one nest. `bases` says, for each tensor that is in use, where its stored part begins now."""

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.graph = graph
        self.storages: dict[str, Storage] = {
            entry.computation: storage(graph, plan, entry.computation)
            for entry in plan.entries
            if graph.computation(entry.computation).update is None
        }
        found = {entry.computation: total(graph, plan, entry.computation) for entry in plan.entries}
        self.totals = {name: storage for name, storage in found.items() if storage is not None}
        program = graph.program
        self.names = Names(
            taken={o.name for o in program.operands}
            | {c.name for c in graph.computations}
            | {*program.scalars, *program.sizes, program.name}
        )
        self.bases: dict[str, dict[str, Linear]] = {}
        self.total_bases: dict[str, dict[str, Linear]] = {}
        self.local: dict[str, str] = {}
        self.beside: dict[str, Buffer] = {}

    def register(self, stem: str, dtype: DType, shape: tuple[Extent, ...]) -> Buffer:
        """A register buffer. One stem gives one name: its declarations are in separate blocks."""
        if stem not in self.local:
            self.local[stem] = self.names.fresh(stem)
        return Buffer(name=self.local[stem], dtype=dtype, shape=shape, space=Space.register)

    def line(self, stem: str, dtype: DType, length: Extent) -> Buffer:
        """A buffer of one dimension for work in one task: registers if it is small, else scratch."""
        small = length.is_fixed and 0 < length.value() * dtype.size <= REGISTER_BYTES
        found = replace(self.register(stem, dtype, (length,)), space=Space.register if small else Space.scratch)
        if not small:
            self.beside[found.name] = found
        return found

    def buffer(self, name: str) -> Buffer:
        """The buffer of a computed tensor."""
        found = self.storages[name]
        return Buffer(name=name, dtype=self.graph.computation(name).dtype, shape=found.shape(), space=found.space)

    def buffers(self) -> tuple[Buffer, ...]:
        """Operands, results in the program's order, workspace, scratch."""
        program = self.graph.program
        operands = [Buffer(name=o.name, dtype=o.dtype, shape=o.shape, space=Space.operand) for o in program.operands]
        results = [self.buffer(name) for name in program.results]
        computed = [self.buffer(name) for name in self.storages]
        shared = [b for b in computed if b.space is Space.workspace]
        scratch = [b for b in computed if b.space is Space.scratch]
        return (*operands, *results, *shared, *scratch, *self.beside.values())

    def enter(self, site: Site) -> None:
        """Remember where the stored part of a site's tensor begins, at the depth that it shares with its readers."""
        self.bases[site.computation.name] = {axis: span.base for axis, span in site.spans.items()}

    def enter_total(self, site: Site) -> None:
        """Remember where the part of a site's result begins that is accumulated from here on."""
        self.total_bases[site.computation.name] = {axis: span.base for axis, span in site.spans.items()}

    def total(self, site: Site) -> tuple[Buffer, dict[str, Linear]]:
        """The buffer of a site's total, and where the part of the result in it begins."""
        name, dtype = site.computation.name, site.computation.body.dtype
        found = self.totals[name]
        buffer = replace(self.register(f"{name}_total", dtype, found.shape()), space=found.space)
        if found.space is Space.scratch:
            self.beside[buffer.name] = buffer
        return buffer, self.total_bases[name]

    def reads_anywhere(self, site: Site) -> bool:
        """Whether the term of a site may be evaluated at every place of its axes: its reads are inside, and not of data."""
        computation = site.computation
        known = range_known(computation.extents())
        for read in reads(computation.body):
            shape = self.graph.shape_of(read.tensor)
            if not all(inside(s, n, known) for s, n in zip(read.subscripts, shape, strict=True)):
                return False
        return all(e.dtype.is_float for e in subexpressions(computation.body) if isinstance(e, Call))

    def value(self, site: Site, expr: Expr, known: Known) -> Expr:
        """An expression of a computation as one of buffers and loop variables, simplified by what is known."""
        return simplify(self._stored(simplify(site.place(expr), known)), known)

    def store(self, site: Site, value: Expr, known: Known) -> Store:
        """Store a value at a site's place."""
        computation = site.computation
        if computation.update is not None:
            placed = tuple(self.value(site, place, known) for place in computation.update.places)
            target = computation.update.target
            return Store(
                buffer=target, subscripts=self.subscripts(target, placed), value=value, note=computation.statement
            )
        if computation.placement is not None:
            forms = tuple(map(site.place, computation.placement.places))
        else:
            forms = tuple(expression(site.value(axis.name)) for axis in computation.axes)
        places = tuple(simplify(form, known) for form in forms)
        subscripts = self.subscripts(computation.name, places)
        return Store(
            buffer=computation.name,
            subscripts=tuple(simplify(s, known) for s in subscripts),
            value=value,
            note=computation.statement,
        )

    def _stored(self, expr: Expr) -> Expr:
        parts = tuple(self._stored(part) for part in children(expr))
        expr = rebuild(expr, parts) if parts else expr
        if isinstance(expr, Read) and expr.tensor in self.storages:
            return replace(expr, subscripts=self.subscripts(expr.tensor, expr.subscripts))
        return expr

    def subscripts(self, name: str, places: tuple[Expr, ...]) -> tuple[Expr, ...]:
        """Where an element of a tensor lies in its buffer."""
        found = self.storages[name]
        axes = [axis.name for axis in self.graph.computation(name).dims]
        bases = self.bases.get(name, {})
        subscripts: list[Expr] = []
        for axis, extent in found.dimensions:
            place = places[axes.index(axis)]
            if axis == found.window:
                subscripts.append(call("remainder", place, extent_expr(extent)))
                continue
            base = bases.get(axis, constant(0)) if found.depth else constant(0)
            subscripts.append(expression(linear(place) - base))
        return tuple(subscripts)
