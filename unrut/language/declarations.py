# SPDX-License-Identifier: Apache-2.0
"""What each name of an op means, before any expression is read: operands, scalars, tensors defined here, axes.

Free axes of a statement are those of its left side. Each axis whose range is not given by hand has an unknown extent,
written as a size that no user can name (`#3`), until ranges are solved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from unrut.errors import AxisError, NameClashError, NotationError, Place, ShapeError, UnrutError
from unrut.language.additions import added_axes
from unrut.language.notation import (
    Applied,
    Assignment,
    Definition,
    GivenAxis,
    Name,
    Number,
    Size,
    Term,
)
from unrut.language.renaming import bound_axes
from unrut.language.spelling import counted
from unrut.program.extents import Extent, as_extent, least, lower_bound, most, named
from unrut.program.nodes import Operand, Role
from unrut.program.types import DType
from unrut.spans import Span


@dataclass(slots=True, kw_only=True)
class Declarations:
    """The names of one op: `statements` define its tensors, `additions` add to them. `dtypes` grows as statements are read;
    `unknowns` says where an unknown extent came from, `bounds` the axes whose ranges are data.

    `made` are the statements that cover tensors of zeros made for them.

    `starts` are the initial statements of tensors; `weak` the tensors whose dtype is not settled yet, so that reads adopt.

    `sizes` are the names that the signature has for extents, with the spelling that expressions have: `n` is `P.shape[0]`.
    """

    operands: tuple[Operand, ...]
    scalars: frozenset[str]
    statements: dict[str, Assignment]
    starts: dict[str, list[Assignment]]
    additions: tuple[Assignment, ...]
    axis_names: frozenset[str]
    shapes: dict[str, tuple[Extent, ...]]
    dtypes: dict[str, DType]
    sizes: dict[str, str] = field(default_factory=dict)
    given: dict[str, Extent] = field(default_factory=dict)
    weak: frozenset[str] = frozenset()
    asked: int = 0  # unknown extents so far, to name them
    bounds: dict[str, GivenAxis] = field(default_factory=dict)
    made: Mapping[str, Assignment] = field(default_factory=dict)
    unknowns: dict[str, tuple[str, Span | None]] = field(default_factory=dict)

    def extent_of(self, axis: str, span: Span | None) -> Extent:
        """The extent of an axis where it is bound: the given one, or a new unknown."""
        if axis in self.given:
            return self.given[axis]
        name = f"#{self.asked}"
        self.asked += 1
        self.unknowns[name] = (axis, span)
        return named(name)

    def similar(self, name: str, among: Iterator[str] | frozenset[str]) -> str:
        """A remedy that names what was probably meant."""
        close = get_close_matches(name, list(among), n=1)
        return f"`{close[0]}`" if close else ""

    def tensor_names(self) -> frozenset[str]:
        return frozenset(self.shapes)


def at(span: Span | None, note: str = "") -> list[Place]:
    """One place, or none where the notation has no source."""
    return [Place(span=span, note=note)] if span is not None else []


def declare(
    definition: Definition,
    operands: tuple[Operand, ...],
    errors: list[UnrutError],
    made: Mapping[str, Assignment] | None = None,
) -> Declarations:
    """Gather the names of an op; clashes, wrong targets and wrong results go to `errors`."""
    statements: dict[str, Assignment] = {}
    additions = tuple(s for s in definition.statements if s.role in (Role.adds, Role.covers))
    kinds: dict[str, tuple[str, Span | None]] = {}

    def claim(name: str, kind: str, span: Span | None) -> None:
        was, before = kinds.setdefault(name, (kind, span))
        if was != kind:
            errors.append(
                NameClashError(
                    f"`{name}` is both {was} and {kind}",
                    places=[*at(before, was), *at(span, kind)],
                    remedy="another name for one of them",
                )
            )

    for parameter in definition.parameters:
        claim(parameter.name, "an operand", parameter.span)
    for scalar in definition.scalars:
        claim(scalar, "a scalar", definition.span)
    starts: dict[str, list[Assignment]] = {}
    for statement in definition.statements:
        if statement.role is not Role.defines or statement.starts:
            claim(statement.target, "a tensor defined here", statement.span)
        if statement.role is not Role.defines:
            continue
        if statement.starts:
            starts.setdefault(statement.target, []).append(statement)
            continue
        if statement.target in statements:
            errors.append(
                NameClashError(
                    f"tensor `{statement.target}` is defined twice",
                    places=[*at(statements[statement.target].span, "first"), *at(statement.span, "again")],
                    remedy="one statement with both parts in it, where(condition, a, b), or another name",
                )
            )
            continue
        claim(statement.target, "a tensor defined here", statement.span)
        statements[statement.target] = statement
    axes: dict[str, Span | None] = {given.name: given.span for given in definition.axes}
    bound = [(name, s.span) for s in statements.values() for name in target_axes(s, errors)]
    bound += [(name, s.span) for s in additions for name in added_axes(s, frozenset(kinds))]
    for name, span in (*bound, *(found for s in definition.statements for found in bound_axes(s))):
        axes.setdefault(name, span)
    for name, span in axes.items():
        claim(name, "an axis", span)
    known = Declarations(
        operands=operands,
        scalars=frozenset(definition.scalars),
        statements=statements,
        starts=starts,
        additions=additions,
        axis_names=frozenset(axes),
        shapes={operand.name: operand.shape for operand in operands},
        dtypes={operand.name: operand.dtype for operand in operands},
        sizes=_named_sizes(definition),
        bounds={axis.name: axis for axis in definition.axes if axis.bounds},
        made=made or {},
    )
    _Given(definition, known, errors).settle()
    _check_results(definition, known, errors)
    return known


def _named_sizes(definition: Definition) -> dict[str, str]:
    found: dict[str, str] = {}
    for parameter in definition.parameters:
        for k, dimension in enumerate(parameter.dimensions or ()):
            if isinstance(dimension, str):
                found.setdefault(dimension, f"{parameter.name}.shape[{k}]")
    return found


def target_axes(statement: Assignment, errors: list[UnrutError] | None = None) -> tuple[str, ...]:
    """The free axes of a statement, those of its left side, which must be distinct and bare."""
    found: list[str] = []
    for subscript in statement.subscripts:
        fault = ""
        if not isinstance(subscript, Name):
            fault = "the left side takes bare axes only"
        elif subscript.name in found:
            fault = f"axis `{subscript.name}` stands twice on the left side"
        else:
            found.append(subscript.name)
        if fault and errors is not None:
            errors.append(
                NotationError(
                    f"{fault}, in the definition of `{statement.target}`",
                    places=at(subscript.span or statement.span),
                    remedy=f"{statement.target}[i, j] = ..., and write where each value comes from on the right side",
                )
            )
    return tuple(found)


_COMBINE: dict[str, Callable[[Extent, Extent], Extent]] = {
    "add": Extent.__add__,
    "subtract": Extent.__sub__,
    "multiply": Extent.__mul__,
    "maximum": most,
    "minimum": least,
}


class _Given:
    """Settles ranges given by hand and, with them, the shapes of tensors defined here."""

    def __init__(self, definition: Definition, known: Declarations, errors: list[UnrutError]) -> None:
        self.known = known
        self.errors = errors
        self.waiting: dict[str, GivenAxis] = {}
        self.open: list[str] = []
        first: dict[str, GivenAxis] = {}
        for axis in definition.axes:
            if first.setdefault(axis.name, axis) is not axis:
                places = [*at(first[axis.name].span, "first"), *at(axis.span, "again")]
                message = f"the range of axis `{axis.name}` is given twice"
                errors.append(AxisError(message, places=places, remedy="one range for each axis"))
            if axis.extent is not None:
                self.waiting.setdefault(axis.name, axis)

    def settle(self) -> None:
        for target, covering in self.known.made.items():
            names = [s.name for s in covering.subscripts if isinstance(s, Name)]
            extents = [self.axis(n) if n in self.waiting else self.known.extent_of(n, covering.span) for n in names]
            self.known.given.update(zip(target_axes(self.known.statements[target]), extents, strict=False))
        for name in list(self.waiting):
            try:
                self.axis(name)
            except UnrutError as error:
                self.errors.append(error)
                self.known.given[name] = as_extent(0)
        for target in self.known.statements:
            if target not in self.known.shapes:
                self.shape(target)

    def axis(self, name: str) -> Extent:
        if name in self.known.given:
            return self.known.given[name]
        given = self.waiting[name]
        if name in self.open:
            raise AxisError(
                f"the range of axis `{name}` is given by itself",
                places=at(given.span),
                remedy="a number, or extents of operands",
            )
        self.open.append(name)
        assert given.extent is not None
        extent = self.extent(given.extent)
        self.open.pop()
        if extent.is_fixed and extent.value() < 0:
            message = f"axis `{name}` is given the extent {extent.value()}"
            raise AxisError(message, places=at(given.span), remedy="an extent of 0 or more")
        below = lower_bound(extent)
        self.known.given[name] = extent if below is not None and below >= 0 else most(Extent(), extent)
        return self.known.given[name]

    def shape(self, target: str) -> tuple[Extent, ...]:
        statement = self.known.statements[target]
        found = []
        for name in target_axes(statement):
            if name in self.waiting and name not in self.known.given:
                found.append(self.axis(name))
            else:
                found.append(self.known.extent_of(name, statement.span))
        self.known.shapes[target] = tuple(found)
        return tuple(found)

    def extent(self, term: Term) -> Extent:
        """An integer term of numbers and sizes as an extent."""
        match term:
            case Number(value=bool() | float()):
                pass
            case Number(value=int() as value):
                return as_extent(value)
            case Size(tensor=tensor):
                if tensor in self.known.statements and tensor not in self.known.shapes:
                    self.shape(tensor)
                return size(term, self.known)
            case Applied(function="negative", arguments=(operand,)):
                return self.extent(operand) * -1
            case Applied(function=function, arguments=(a, b)) if function in _COMBINE:
                return _COMBINE[function](self.extent(a), self.extent(b))
            case Applied(function="floor_divide", arguments=(a, b)):
                left, right = self.extent(a), self.extent(b)
                if right.is_fixed and right.value() > 0:
                    return left // right.value()
                if right.is_fixed:
                    what = f"a range given by hand is divided by {right.value()}: the divisor must be positive"
                    raise NotationError(what, places=at(term.span), remedy="x.shape[0]//2")
            case _:
                pass
        spelling = self.known.sizes.get(term.name) if isinstance(term, Name) else None
        raise NotationError(
            "a range given by hand is made of integers and extents with + - * // maximum minimum",
            places=at(term.span),
            remedy=spelling or "7, or P.shape[2] - 2",
        )


def size(term: Size, known: Declarations) -> Extent:
    """`tensor.shape[dimension]`."""
    if term.tensor not in known.shapes:
        raise NotationError(
            f"there is no tensor `{term.tensor}`",
            places=at(term.span),
            remedy=known.similar(term.tensor, known.tensor_names()) or "the name of an operand, as in P.shape[0]",
        )
    shape = known.shapes[term.tensor]
    if not 0 <= term.dimension < len(shape):
        raise ShapeError(
            f"`{term.tensor}` has {counted(len(shape), 'dimension')}, there is no extent {term.dimension}",
            places=at(term.span),
            remedy=f"{term.tensor}.shape[{len(shape) - 1}] is the last one" if shape else "a tensor with dimensions",
        )
    return shape[term.dimension]


def _check_results(definition: Definition, known: Declarations, errors: list[UnrutError]) -> None:
    names = [operand.name for operand in definition.parameters]
    for k, result in enumerate(definition.results):
        if result in definition.results[:k]:
            message, remedy = f"`{result}` is returned twice", "each result once"
        elif result in known.statements or any(result == s.target for s in known.additions):
            continue
        elif result in names:
            message, remedy = f"`{result}` is an operand, not a result", f"V[i] = {result}[i], and return V"
        else:
            message = f"the result `{result}` is never defined"
            free = [name for name in known.statements if name not in definition.results]
            defined = f", or -> {free[0]}" if free else ""
            remedy = known.similar(result, frozenset(known.statements)) or f"{result}[i, j] = ...{defined}"
        errors.append(NotationError(message, places=at(definition.span), remedy=remedy))
    if not definition.results:
        message = f"`{definition.name}` has no result"
        errors.append(NotationError(message, places=at(definition.span), remedy="return the tensor that it defines"))
