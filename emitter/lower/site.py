# SPDX-License-Identifier: Apache-2.0
"""Where lowering stands: for each computation the part of every axis that is still open, and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from unrut.emitter.graph.computation import Computation
from unrut.emitter.graph.linear import Linear, axis_value, constant, expression, substitute
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.ranges import Known, bounds
from unrut.emitter.schedule.plan import Entry
from unrut.program.extents import Extent, provably_le
from unrut.program.nodes import AxisValue, Expr
from unrut.program.walk import free_axes, rename_axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The places `base + variable` for `0 <= variable < size`; a size of 1 leaves the base alone.

    `limit` is the largest value of a size that is no number, as an extent; equal to the size if that is one.
    """

    base: Linear
    size: Linear
    limit: Extent
    variable: str

    @property
    def is_single(self) -> bool:
        return not self.size.terms and not self.size.constant.terms and self.size.constant.constant == 1

    def value(self) -> Linear:
        return self.base if self.is_single else self.base + axis_value(self.variable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a span, relative to it, and forms in the span's variable that are at least 0 there."""

    first: Linear
    size: Linear
    facts: tuple[Linear, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Knowledge about loop variables, and which of them are loops already."""

    known: Known
    opened: frozenset[str] = frozenset()

    def open(self, variable: str) -> Context:
        return replace(self, opened=self.opened | {variable})

    def learn(self, known: Known) -> Context:
        return replace(self, known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One computation on the way down: its entry in the plan and the span of each of its axes."""

    computation: Computation
    entry: Entry
    spans: Mapping[str, Span]

    def with_span(self, axis: str, span: Span) -> Site:
        return replace(self, spans={**self.spans, axis: span})

    def value(self, axis: str) -> Linear:
        return self.spans[axis].value()

    def place(self, expr: Expr) -> Expr:
        """An expression of the computation's axes as one of loop variables."""
        return rename_axes(expr, {axis: expression(span.value()) for axis, span in self.spans.items()})


def start(computation: Computation, entry: Entry, names: Names, known: Known) -> tuple[Site, Known]:
    """A site with every axis open over its whole extent, and the knowledge with its variables."""
    spans: dict[str, Span] = {}
    for axis, extent in computation.extents().items():
        variable = names.fresh(axis)
        spans[axis] = Span(base=constant(0), size=constant(extent), limit=extent, variable=variable)
        known = known.with_axis(variable, 0, extent - 1)
    return Site(computation=computation, entry=entry, spans=spans), known


def moved(known: Known, variable: str, value: Linear) -> Known:
    """The knowledge after the meaning of a variable changes: what it was is now `value` (which may mention it anew)."""
    facts = []
    for fact in known.facts:
        form = substitute(fact, {variable: value})
        if not any(variable in free_axes(atom) and atom != AxisValue(axis=variable) for _, atom in fact.terms):
            facts.append(form)
    return replace(known, facts=tuple(facts))


def narrowed(site: Site, axis: str, known: Known, piece: Piece) -> tuple[Site, Known]:
    """The site where only one piece of an axis's span is left, and what is known there."""
    span = site.spans[axis]
    variable = axis_value(span.variable)
    known = moved(known.with_facts(*piece.facts), span.variable, variable + piece.first)
    high = bounds(piece.size, known)[1]
    limit = span.limit if high is None or not provably_le(high, span.limit) else high
    known = known.with_axis(span.variable, 0, limit - 1).with_facts(piece.size - variable - constant(1))
    return site.with_span(axis, replace(span, base=span.base + piece.first, size=piece.size, limit=limit)), known
