# SPDX-License-Identifier: Apache-2.0
"""Terms to typed expressions: what each name means where it stands, dtypes, implicit casts.

Dtypes are `unrut.program.promotion`'s. Weak sub-expressions are evaluated in i64 or f64 and adopt the dtype that they
meet by one implicit Cast, which goes into the branches of a choice and into numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, assert_never

from unrut.errors import AxisError, DTypeError, NotationError, ShapeError, UnrutError, combine
from unrut.language.adoption import (
    WEAK_BOOL,
    WEAK_FLOAT,
    WEAK_INTEGER,
    Typed,
    adopt,
    compared,
    dtype_named,
    negated,
    number,
)
from unrut.language.components import read_component
from unrut.language.declarations import Declarations, at, size
from unrut.language.meaningless import check_exponent, drops_a_part, meaningless
from unrut.language.notation import (
    Applied,
    Choice,
    Component,
    Conversion,
    Folding,
    Line,
    Name,
    Number,
    Reduction,
    Size,
    Subscripted,
    Term,
)
from unrut.language.spelling import counted, some_axes
from unrut.program.extents import Extent
from unrut.program.functions import COMPARISONS
from unrut.program.nodes import (
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    OutsideMode,
    Read,
    Scalar,
    Where,
)
from unrut.program.promotion import ROUNDINGS, Kind, loop, meet, widened
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The axes that are bound where a term stands, and the dtype that a reduction around it widens its reads to.

    `states`: in `combine` and `finish` of a monoid, the kind of each state by side and name.
    """

    axes: dict[str, Extent]
    widen: DType | None = None
    states: Mapping[tuple[str, str], Kind] = field(default_factory=dict)

    @property
    def plain(self) -> Scope:
        """The same axes without widening: below comparisons, casts, subscripts and inner reductions."""
        return replace(self, widen=None)


class UndefinedError(UnrutError):
    """A read of a tensor whose own statement is in error: nothing new to say."""


Found = TypeVar("Found")


def gather(parts: Sequence[Callable[[], Found]]) -> list[Found]:
    """All parts, or all of their errors at once."""
    found: list[Found] = []
    errors: list[UnrutError] = []
    for part in parts:
        try:
            found.append(part())
        except UnrutError as error:
            errors += [error, *error.others]
    if errors:
        said = [error for error in errors if not isinstance(error, UndefinedError)]
        raise combine(said or errors)
    return found


class Expressions:
    """Reads the terms of one op. `reduction`, `fold` and `line` read the terms that bind or run along axes."""

    def __init__(
        self,
        known: Declarations,
        reduction: Callable[[Expressions, Reduction, Scope], Typed],
        fold: Callable[[Expressions, Folding, Scope], Typed],
        line: Callable[[Expressions, Line, Scope], Typed],
    ) -> None:
        self.known = known
        self.reduction = reduction
        self.fold = fold
        self.line = line
        self._bound: dict[tuple[int, int], tuple[Scope, Typed]] = {}

    def read(self, term: Term, scope: Scope) -> Typed:
        """The typed expression of a term; raises every error found in it."""
        match term:
            case Number():
                return number(term)
            case Name():
                return self.name(term, scope)
            case Size():
                extent = size(term, self.known)
                expr: Expr = ExtentValue(extent=extent, span=term.span)
                if extent.is_fixed:
                    expr = Const(value=extent.value(), dtype=DType.i64, span=term.span)
                return Typed(expr=expr, kind=WEAK_INTEGER)
            case Subscripted():
                return self.subscripted(term, scope)
            case Applied():
                return self.applied(term, scope)
            case Choice():
                return self.choice(term, scope)
            case Conversion(operand=operand, dtype=name):
                inner = self.read(operand, scope.plain)
                dtype = dtype_named(name, term.span)
                if inner.kind.dtype.is_complex and not dtype.is_complex and dtype is not DType.bool:
                    raise drops_a_part(inner.kind, dtype, term)
                return Typed(expr=Cast(operand=inner.expr, dtype=dtype, span=term.span), kind=Kind(dtype=dtype))
            case Reduction() | Folding():
                return self.bound(term, scope)
            case Component():
                return read_component(term, scope.states)
            case Line():
                return self.line(self, term, scope)
            case _:
                assert_never(term)

    def bound(self, term: Reduction | Folding, scope: Scope) -> Typed:
        """A reduction, read once for each place where it stands: what is around it changes nothing inside it.

        Otherwise the two readings of a widened body would double at every level of nesting.
        """
        key = id(term), id(scope.axes)
        if key not in self._bound:
            found = self.reduction(self, term, scope) if isinstance(term, Reduction) else self.fold(self, term, scope)
            self._bound[key] = scope, found  # the scope is kept, so its id stays its own
        return self._bound[key][1]

    def all(self, terms: Sequence[Term], scope: Scope) -> list[Typed]:
        """Several terms in one scope, or all of their errors."""
        return gather([lambda term=term: self.read(term, scope) for term in terms])  # type: ignore[misc]

    def condition(self, term: Term, scope: Scope, what: str) -> Expr:
        """A term that must be a truth value."""
        found = self.read(term, scope.plain)
        if found.kind.dtype is not DType.bool:
            raise DTypeError(
                f"{what} is {found.kind}, not a truth value",
                places=at(term.span),
                remedy="a comparison, such as x != 0",
            )
        return found.expr

    def name(self, term: Name, scope: Scope) -> Typed:
        if term.name in scope.axes:
            return Typed(expr=AxisValue(axis=term.name, span=term.span), kind=WEAK_INTEGER)
        if term.name in self.known.scalars:
            return Typed(expr=Scalar(name=term.name, span=term.span), kind=WEAK_FLOAT)
        if term.name in self.known.shapes:
            return self.subscripted(Subscripted(tensor=term.name, subscripts=(), span=term.span), scope)
        if term.name in self.known.axis_names:
            raise AxisError(
                f"axis `{term.name}` is not bound here",
                places=at(term.span),
                remedy=f"`{term.name}` on the left side, or a reduction around this: sum[{term.name}](...)",
            )
        if term.name in self.known.sizes:
            raise AxisError(
                f"size `{term.name}` of the signature stands for nothing in expressions",
                places=at(term.span),
                remedy=self.known.sizes[term.name],
            )
        names = self.known.axis_names | self.known.scalars | self.known.tensor_names()
        raise AxisError(
            f"`{term.name}` stands for nothing here: no axis of the left side or of a reduction, no scalar, no tensor",
            places=at(term.span),
            remedy=self.known.similar(term.name, names) or f"`{term.name}` on the left side, or sum[{term.name}](...)",
        )

    def subscripted(self, term: Subscripted, scope: Scope) -> Typed:
        known = self.known
        if term.tensor not in known.shapes:
            raise NotationError(
                f"there is no tensor `{term.tensor}`",
                places=at(term.span),
                remedy=known.similar(term.tensor, known.tensor_names()) or f"a parameter, or {term.tensor}[...] = ...",
            )
        self.check_rank(term, "read")
        dtype = known.dtypes.get(term.tensor)
        found = gather([lambda s=s: self.subscript(s, scope, term) for s in term.subscripts])  # type: ignore[misc]
        if dtype is None:
            raise UndefinedError(f"`{term.tensor}` has no dtype")
        read: Expr = Read(
            tensor=term.tensor,
            subscripts=tuple(typed.expr for typed in found),
            dtype=dtype,
            outside=self.policy(term, dtype, scope),
            span=term.span,
        )
        kind = Kind(dtype=dtype, weak=term.tensor in known.weak)
        if scope.widen is not None and widened(dtype, scope.widen) is not dtype:
            kind = Kind(dtype=widened(dtype, scope.widen))
            read = Cast(operand=read, dtype=kind.dtype, implicit=True, span=term.span)
        return Typed(expr=read, kind=kind)

    def check_rank(self, term: Subscripted, verb: str) -> None:
        """Raise a ShapeError if a tensor has another number of dimensions than subscripts."""
        shape = self.known.shapes[term.tensor]
        if len(term.subscripts) != len(shape):
            one = f"{term.tensor}[{some_axes(len(shape))}]"
            raise ShapeError(
                f"`{term.tensor}` has {counted(len(shape), 'dimension')} and is {verb} with "
                f"{counted(len(term.subscripts), 'subscript')}",
                places=at(term.span, f"{term.tensor} is ({', '.join(_shown(e) for e in shape)})"),
                remedy=f"{counted(len(shape), 'subscript')}, as in {one}",
            )

    def subscript(self, term: Term, scope: Scope, read: Subscripted) -> Typed:
        """A place along one dimension, in i64: of axes alone, or computed from integer tensors."""
        found = self.read(term, scope.plain)
        if not found.kind.dtype.is_integer:
            weak = "an expression of axes: // divides integers, / gives floats"
            remedy = weak if found.kind.weak else "cast(floor(...), i64)"
            if found.kind.dtype is DType.bool:
                remedy = "where(condition, 1, 0)"
            raise NotationError(
                f"a subscript of `{read.tensor}` is {found.kind}, not an integer",
                places=at(term.span or read.span),
                remedy=remedy,
            )
        return Typed(expr=adopt(found, DType.i64), kind=found.kind)

    def policy(self, term: Subscripted, dtype: DType, scope: Scope) -> OutsideMode | Expr | None:
        match term.outside:
            case None:
                return None
            case str() as mode:
                if mode not in OutsideMode.__members__:
                    raise NotationError(
                        f"`{mode}` is not a mode of reading outside",
                        places=at(term.span),
                        remedy=f"one of {', '.join(OutsideMode.__members__)}, or a number",
                    )
                return OutsideMode[mode]
            case fill:
                found = self.read(fill, scope.plain)
                if meet([Kind(dtype=dtype), found.kind]).dtype is not dtype:
                    raise DTypeError(
                        f"`{term.tensor}` is {dtype.name}, what is read outside it is {found.kind}",
                        places=at(fill.span or term.span),
                        remedy="real(...)" if found.kind.dtype.is_complex else f"cast(..., {dtype.name})",
                    )
                return adopt(found, dtype)

    def applied(self, term: Applied, scope: Scope) -> Typed:
        bools_stay = term.function in _OWN_DTYPES
        found = self.all(term.arguments, scope.plain if bools_stay else scope)
        if term.function in COMPARISONS:
            found = compared(found)
        taken = loop(term.function, tuple(typed.kind for typed in found))
        if term.function in ("real", "conj") and not found[0].kind.dtype.is_complex:
            return found[0]
        if taken is None:
            raise meaningless(term, [typed.kind for typed in found])
        if term.function in ROUNDINGS and not found[0].kind.dtype.is_float:
            return found[0]
        if term.function == "negative" and isinstance(found[0].expr, Const) and found[0].kind.weak:
            return Typed(expr=negated(found[0].expr, term.span), kind=found[0].kind)
        arguments = tuple(adopt(typed, dtype) for typed, dtype in zip(found, taken.arguments, strict=True))
        result = taken.result
        if term.function == "power" and not result.dtype.is_float:
            check_exponent(term, arguments[1], result.dtype.is_complex)
        expr = Call(function=term.function, arguments=arguments, dtype=result.dtype, span=term.span)
        return Typed(expr=expr, kind=result)

    def choice(self, term: Choice, scope: Scope) -> Typed:
        condition, then, otherwise = gather(
            [
                lambda: Typed(expr=self.condition(term.condition, scope, "the condition"), kind=WEAK_BOOL),
                lambda: self.read(term.then, scope),
                lambda: self.read(term.otherwise, scope),
            ]
        )
        kind = meet([then.kind, otherwise.kind])
        expr = Where(
            condition=condition.expr,
            then=adopt(then, kind.dtype),
            otherwise=adopt(otherwise, kind.dtype),
            dtype=kind.dtype,
            span=term.span,
        )
        return Typed(expr=expr, kind=kind)


_OWN_DTYPES = frozenset(
    "less less_equal greater greater_equal equal not_equal isnan isinf isfinite signbit".split()
)  # whose arguments are not widened


def _shown(extent: Extent) -> str:
    return "?" if "#" in str(extent) else str(extent)
