# SPDX-License-Identifier: Apache-2.0
"""Other names for the tensors, axes and scalars of terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from unrut.language.notation import (
    Applied,
    Assignment,
    Choice,
    Component,
    Conversion,
    Folding,
    GivenAxis,
    Line,
    Name,
    Number,
    Reduction,
    Size,
    Subscripted,
    Term,
)
from unrut.spans import Call, Span, inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """New names; what is not mentioned keeps its name. Scalars become terms. With a `call`, all of it stands within that."""

    tensors: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    scalars: Mapping[str, Term] = field(default_factory=dict)
    call: Call | None = None

    def place(self, span: Span | None) -> Span | None:
        """Where something stands under the new names."""
        return span if span is None or self.call is None else inside(span, self.call)

    def term(self, term: Term) -> Term:
        """The term under the new names."""
        if isinstance(term, Name) and term.name in self.scalars:
            return self.scalars[term.name]
        found = self._renamed(term)
        return found if self.call is None else replace(found, span=self.place(found.span))

    def _renamed(self, term: Term) -> Term:
        match term:
            case Number() | Component():
                return term
            case Name(name=name):
                return replace(term, name=self.tensors.get(name) or self.axes.get(name, name))
            case Size(tensor=tensor):
                return replace(term, tensor=self.tensors.get(tensor, tensor))
            case Subscripted(tensor=tensor, subscripts=subscripts, outside=outside):
                policy = outside if outside is None or isinstance(outside, str) else self.term(outside)
                parts = tuple(map(self.term, subscripts))
                return replace(term, tensor=self.tensors.get(tensor, tensor), subscripts=parts, outside=policy)
            case Applied(arguments=arguments):
                return replace(term, arguments=tuple(map(self.term, arguments)))
            case Choice(condition=condition, then=then, otherwise=otherwise):
                parts = tuple(map(self.term, (condition, then, otherwise)))
                return replace(term, condition=parts[0], then=parts[1], otherwise=parts[2])
            case Conversion(operand=operand):
                return replace(term, operand=self.term(operand))
            case Reduction(axes=axes, body=body, where=where, initial=initial, rank=rank):
                return replace(
                    term,
                    axes=tuple(self.axes.get(axis, axis) for axis in axes),
                    body=self.term(body),
                    where=None if where is None else self.term(where),
                    initial=None if initial is None else self.term(initial),
                    rank=None if rank is None else self.term(rank),
                )
            case Folding(axes=axes, lift=lift, identity=identity, combine=combine, finish=finish, where=where):
                return replace(
                    term,
                    axes=tuple(self.axes.get(axis, axis) for axis in axes),
                    lift=tuple(map(self.term, lift)),
                    identity=tuple(map(self.term, identity)),
                    combine=tuple(map(self.term, combine)),
                    finish=self.term(finish),
                    where=None if where is None else self.term(where),
                )
            case Line(axis=axis, body=body):
                return replace(term, axis=self.axes.get(axis, axis), body=self.term(body))
            case _:
                assert_never(term)

    def given(self, axis: GivenAxis) -> GivenAxis:
        """The range of an axis under the new names."""
        extent, start, stop = (None if t is None else self.term(t) for t in (axis.extent, axis.start, axis.stop))
        name, span = self.axes.get(axis.name, axis.name), self.place(axis.span)
        return replace(axis, name=name, extent=extent, start=start, stop=stop, span=span)

    def statement(self, statement: Assignment) -> Assignment:
        """The statement under the new names."""
        return replace(
            statement,
            target=self.tensors.get(statement.target, statement.target),
            subscripts=tuple(map(self.term, statement.subscripts)),
            body=self.term(statement.body),
            span=self.place(statement.span),
        )


def mentioned(term: Term) -> Iterator[Term]:
    """The term and everything in it, parents first."""
    yield term
    for part in parts_of(term):
        yield from mentioned(part)


def parts_of(term: Term) -> tuple[Term, ...]:
    """The direct parts of a term, in the order in which they are written."""
    match term:
        case Number() | Name() | Size() | Component():
            parts: tuple[Term | str | None, ...] = ()
        case Subscripted(subscripts=subscripts, outside=outside):
            parts = (*subscripts, outside)
        case Applied(arguments=arguments):
            parts = arguments
        case Choice(condition=condition, then=then, otherwise=otherwise):
            parts = (condition, then, otherwise)
        case Conversion(operand=operand):
            parts = (operand,)
        case Reduction(body=body, where=where, initial=initial, rank=rank):
            parts = (body, where, initial, rank)
        case Folding(lift=lift, identity=identity, combine=combine, finish=finish, where=where):
            parts = (*lift, *identity, *combine, finish, where)
        case Line(body=body):
            parts = (body,)
        case _:
            assert_never(term)
    return tuple(part for part in parts if part is not None and not isinstance(part, str))


def bound_axes(statement: Assignment) -> Iterator[tuple[str, Span | None]]:
    """The axes that reductions and folds of a statement bind, and where."""
    for whole in (*statement.subscripts, statement.body):
        for term in mentioned(whole):
            if isinstance(term, Reduction | Folding):
                yield from ((name, term.span) for name in term.axes)


def axis_names(statement: Assignment | GivenAxis, known: frozenset[str]) -> list[str]:
    """The axes of a statement, or of a range, in the order of mention; `known` are the names of scalars and tensors."""
    found: dict[str, None] = {}
    terms = statement.terms() if isinstance(statement, GivenAxis) else (*statement.subscripts, statement.body)
    for term in terms:
        for part in mentioned(term):
            match part:
                case Name(name=name) if name not in known:
                    found[name] = None
                case Reduction(axes=axes) | Folding(axes=axes):
                    found.update(dict.fromkeys(axes))
                case Line(axis=axis):
                    found[axis] = None
                case _:
                    pass
    return list(found)
