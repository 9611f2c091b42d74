# SPDX-License-Identifier: Apache-2.0
"""Where computations read: each read with what is known there, and its subscripts as linear forms of the axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unrut.emitter.graph.computation import Computation
from unrut.emitter.graph.linear import Linear, linear
from unrut.emitter.graph.ranges import Known, negation, range_known
from unrut.program.nodes import AxisValue, Expr, Read, Where
from unrut.program.remembering import remembered
from unrut.program.walk import children, reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One read: `tensor[subscripts]`, subscript by subscript as a linear form, and what is known where it happens."""

    tensor: str
    subscripts: tuple[Linear, ...]
    known: Known

    def axes(self) -> frozenset[str]:
        """Every axis that the place depends on."""
        return frozenset().union(*(form.axes() for form in self.subscripts))

    @property
    def is_affine(self) -> bool:
        """Whether every subscript is a sum of multiples of axes."""
        return all(isinstance(atom, AxisValue) for form in self.subscripts for _, atom in form.terms)

    @property
    def is_computed(self) -> bool:
        """Whether a subscript is itself read from somewhere."""
        return any(True for form in self.subscripts for _, atom in form.terms for _ in reads(atom))

    def aligned(self, dimension: int) -> str | None:
        """The axis that stands bare in a dimension, or None."""
        form = self.subscripts[dimension]
        if form.constant.is_fixed and form.constant.value() == 0 and len(form.terms) == 1:
            c, atom = form.terms[0]
            return atom.axis if c == 1 and isinstance(atom, AxisValue) else None
        return None


@remembered
def accesses(computation: Computation) -> tuple[Access, ...]:
    """All reads of a computation, in the order in which they are written."""
    known = range_known(computation.extents())
    found: list[Access] = []
    if computation.update is not None:
        for condition in computation.update.where:
            found += _in(condition, known)
            known = known.given(condition)
        found += (access for place in computation.update.places for access in _in(place, known))
    reduction = computation.reduction
    if reduction is not None:
        for part in reduction.outside():
            found += _in(part, range_known({a.name: a.extent for a in computation.axes}))
        for condition in reduction.where:
            found += _in(condition, known)
            known = known.given(condition)
    return (*(access for term in computation.terms for access in _in(term, known)), *found)


@remembered
def changed(computation: Computation) -> tuple[Access, ...]:
    """The element that an update changes, as if it were read."""
    update = computation.update
    if update is None:
        return ()
    subscripts = tuple(linear(place) for place in update.places)
    return (Access(tensor=update.target, subscripts=subscripts, known=range_known(computation.extents())),)


def _in(expr: Expr, known: Known) -> Iterator[Access]:
    match expr:
        case Where(condition=condition, then=then, otherwise=otherwise):
            yield from _in(condition, known)
            yield from _in(then, known.given(condition))
            yield from _in(otherwise, known.given(negation(condition)))
        case Read(tensor=tensor, subscripts=subscripts):
            yield Access(tensor=tensor, subscripts=tuple(linear(s) for s in subscripts), known=known)
            for subscript in subscripts:
                yield from _in(subscript, known)
        case _:
            for part in children(expr):
                yield from _in(part, known)
