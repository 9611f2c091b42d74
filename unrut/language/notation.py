# SPDX-License-Identifier: Apache-2.0
"""The untyped tree of the notation, as it was written: what both front ends, traced functions and text, produce.

    Definition = name, parameters, axes, statements, results
    Term       = Number | Name | Size | Subscripted | Applied | Choice | Conversion | Reduction | Folding | Component | Line

Nothing is resolved here. `elaborate` turns a Definition with specs into a typed Program or into errors that point here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union

from unrut.program.nodes import Role
from unrut.spans import Span

LARGEST = 100_000  # terms in one definition
DEEPEST = 128  # levels of one term: passes recurse, so this bounds their stack
MOST_DIMENSIONS = 64  # NumPy's limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A Python bool, int or float; `ur.inf`, `ur.nan`, `ur.pi` are floats. `imaginary`: `2j`, of value 2.0."""

    value: bool | int | float
    imaginary: bool = False
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """An axis as a number, a scalar parameter, or a 0-d tensor (written `s[()]` or `s`)."""

    name: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`tensor.shape[dimension]`, an extent as a number; dimensions count from 0."""

    tensor: str
    dimension: int
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscripted:
    """`tensor[subscripts]`. `outside`: None, a mode's name, or the term read instead outside the tensor."""

    tensor: str
    subscripts: tuple[Term, ...]
    outside: str | Term | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A scalar function of `unrut.program.functions` applied to terms; operators are functions too."""

    function: str
    arguments: tuple[Term, ...]
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`where(condition, then, otherwise)`."""

    condition: Term
    then: Term
    otherwise: Term
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """`cast(operand, dtype)`; `dtype` is a name of the notation (`f32`), checked later."""

    operand: Term
    dtype: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """`kind[axes](body, where=, initial=, dtype=)`, `kind[axes](body, rank, where=)` for those that take a rank.

    `component` chooses one place of an argmax, argmin or arg_kth_smallest over several axes, `argmax[i, j](e)[1]` in
    text; over one axis it is 0 and need not be written.
    """

    kind: str
    axes: tuple[str, ...]
    body: Term
    where: Term | None = None
    initial: Term | None = None
    rank: Term | None = None
    dtype: str | None = None
    component: int = 0
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """`a.mean`, a state of the monoid whose `combine` or `finish` this stands in; `side` is `a`, `b` or `s`."""

    side: str
    state: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folding:
    """`fold[axes](state=lift, ..., identity=(...), combine=lambda a, b: (...), finish=lambda s: ..., where=...)`."""

    axes: tuple[str, ...]
    states: tuple[str, ...]
    lift: tuple[Term, ...]
    identity: tuple[Term, ...]
    combine: tuple[Term, ...]
    finish: Term
    where: Term | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`kind(body, along=axis)`, such as softmax."""

    kind: str
    axis: str
    body: Term
    span: Span | None = field(default=None, compare=False)


Term = Union[Number, Name, Size, Subscripted, Applied, Choice, Conversion, Reduction, Folding, Component, Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A tensor parameter, and what the signature says: a dtype's name or None, dimensions or None (rank unknown)."""

    name: str
    dtype: str | None = None
    dimensions: tuple[int | str, ...] | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAxis:
    """An axis whose range was written: its extent by hand, an integer term of numbers and sizes, or bounds by data, or both."""

    name: str
    extent: Term | None = None
    start: Term | None = None
    stop: Term | None = None
    span: Span | None = field(default=None, compare=False)

    @property
    def bounds(self) -> tuple[Term, ...]:
        """The bounds by data that were written."""
        return tuple(bound for bound in (self.start, self.stop) if bound is not None)

    def terms(self) -> tuple[Term, ...]:
        """All that was written: extent and bounds."""
        return (*(() if self.extent is None else (self.extent,)), *self.bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """`target[subscripts] = body`, or `+=` where its role is to add."""

    target: str
    subscripts: tuple[Term, ...]
    body: Term
    role: Role = Role.defines
    span: Span | None = field(default=None, compare=False)

    @property
    def starts(self) -> bool:
        """Whether it gives places before a range, `h[-1, b] = ...`, and so is no definition."""
        given = (isinstance(s, Number) and type(s.value) is int and s.value < 0 for s in self.subscripts)
        return self.role is Role.defines and any(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A whole op as written."""

    name: str
    parameters: tuple[Parameter, ...]
    scalars: tuple[str, ...]
    axes: tuple[GivenAxis, ...]
    statements: tuple[Assignment, ...]
    results: tuple[str, ...]
    doc: str = field(default="", compare=False)
    traced: bool = field(default=False, compare=False)  # whether it came from a function, so what remedies look like
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What stands in for an array: a dtype's name and dimensions; a name is a run-time size."""

    dtype: str
    dimensions: tuple[int | str, ...]
