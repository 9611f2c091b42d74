# SPDX-License-Identifier: Apache-2.0
"""Expressions as Python values: a term with the operators of Python on it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unrut.errors import DTypeError, NotationError, UnrutError
from unrut.language.notation import DEEPEST, LARGEST, Applied, GivenAxis, Name, Number, Size, Subscripted, Term
from unrut.language.origin import caller_span
from unrut.language.recorder import current, place
from unrut.language.refusals import Refusals, equivalent
from unrut.program.functions import FUNCTIONS
from unrut.program.types import DType
from unrut.spans import Span

Value = Any  # an Expression, a 0-d Tensor, or a number: `as_expression` judges


class Operators(Refusals):
    """Python's operators, elementwise. Comparisons give conditions; `&`, `|`, `~` join them."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __add__(self, other: Value) -> Expression:
        return apply("add", self, other)

    def __radd__(self, other: Value) -> Expression:
        return apply("add", other, self)

    def __sub__(self, other: Value) -> Expression:
        return apply("subtract", self, other)

    def __rsub__(self, other: Value) -> Expression:
        return apply("subtract", other, self)

    def __mul__(self, other: Value) -> Expression:
        return apply("multiply", self, other)

    def __rmul__(self, other: Value) -> Expression:
        return apply("multiply", other, self)

    def __truediv__(self, other: Value) -> Expression:
        return apply("divide", self, other)

    def __rtruediv__(self, other: Value) -> Expression:
        return apply("divide", other, self)

    def __floordiv__(self, other: Value) -> Expression:
        return apply("floor_divide", self, other)

    def __rfloordiv__(self, other: Value) -> Expression:
        return apply("floor_divide", other, self)

    def __mod__(self, other: Value) -> Expression:
        return apply("remainder", self, other)

    def __rmod__(self, other: Value) -> Expression:
        return apply("remainder", other, self)

    def __pow__(self, other: Value) -> Expression:
        return apply("power", self, other)

    def __rpow__(self, other: Value) -> Expression:
        return apply("power", other, self)

    def __and__(self, other: Value) -> Expression:
        return apply("bitwise_and", self, other)

    def __rand__(self, other: Value) -> Expression:
        return apply("bitwise_and", other, self)

    def __or__(self, other: Value) -> Expression:
        return apply("bitwise_or", self, other)

    def __ror__(self, other: Value) -> Expression:
        return apply("bitwise_or", other, self)

    def __xor__(self, other: Value) -> Expression:
        return apply("bitwise_xor", self, other)

    def __rxor__(self, other: Value) -> Expression:
        return apply("bitwise_xor", other, self)

    def __lshift__(self, other: Value) -> Expression:
        return apply("left_shift", self, other)

    def __rlshift__(self, other: Value) -> Expression:
        return apply("left_shift", other, self)

    def __rshift__(self, other: Value) -> Expression:
        return apply("right_shift", self, other)

    def __rrshift__(self, other: Value) -> Expression:
        return apply("right_shift", other, self)

    def __lt__(self, other: Value) -> Expression:
        return apply("less", self, other)

    def __le__(self, other: Value) -> Expression:
        return apply("less_equal", self, other)

    def __gt__(self, other: Value) -> Expression:
        return apply("greater", self, other)

    def __ge__(self, other: Value) -> Expression:
        return apply("greater_equal", self, other)

    def __eq__(self, other: Value) -> Expression:  # type: ignore[override]
        return apply("equal", self, other)

    def __ne__(self, other: Value) -> Expression:  # type: ignore[override]
        return apply("not_equal", self, other)

    def __neg__(self) -> Expression:
        return apply("negative", self)

    def __pos__(self) -> Expression:
        return as_expression(self)

    def __invert__(self) -> Expression:
        return apply("invert", self)

    def __abs__(self) -> Expression:
        return apply("abs", self)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Expression:
        """NumPy scalars on the left of an operator arrive here; named functions of NumPy are refused."""
        scalars = all(isinstance(x, Operators | np.generic | bool | int | float | complex) for x in inputs)
        function = FUNCTIONS.get(ufunc.__name__)
        if function is not None and function.symbol and method == "__call__" and not options and scalars:
            return apply(ufunc.__name__, *inputs)
        if not scalars:
            raise _array_inside(caller_span())
        name = ufunc.__name__
        raise self._refuse(f"`np.{name}` can't be applied: there is no value yet", equivalent(name))


class Expression(Operators):
    """A term of an op that is being traced: it has no value, and every operation on it makes a larger term."""

    __slots__ = ("depth", "is_index", "size", "term")
    size: int
    depth: int

    def __init__(self, term: Term, *parts: Expression) -> None:
        self.term = term
        self.is_index = _is_index(term, parts)
        self.size = 1 + sum(part.size for part in parts)
        self.depth = 1 + max((part.depth for part in parts), default=0)
        if self.depth > DEEPEST or self.size > LARGEST:
            too_much = f"nested deeper than {DEEPEST}" if self.depth > DEEPEST else f"of more than {LARGEST} parts"
            raise NotationError(
                f"this makes an expression {too_much}",
                places=place(term.span),
                remedy="a reduction over an axis in place of a Python loop, or a tensor of its own for a part",
            )

    def __repr__(self) -> str:
        return f"<expression, {self.size} nodes>"

    def __iadd__(self, other: Value) -> Expression:
        whole = apply("add", self, other)
        if isinstance(self.term, Subscripted):
            return Accumulated(whole, self.term, as_expression(other))
        return whole

    def __getitem__(self, subscripts: object) -> Expression:
        remedy = 'a tensor of its own: T = ur.tensor("T"), T[i] = ..., then T[i]'
        raise self._refuse("only tensors have subscripts", remedy)


class Accumulated(Expression):
    """What `+=` makes of an element: the sum, and what was added to what, for the case that it is stored there."""

    __slots__ = ("added", "onto")

    def __init__(self, whole: Expression, onto: Subscripted, added: Expression) -> None:
        super().__init__(whole.term)
        self.size, self.depth, self.is_index = whole.size, whole.depth, whole.is_index
        self.onto = onto
        self.added = added


class Axis(Expression):
    """An index that runs over a range: a subscript, and a number in expressions."""

    __slots__ = ("given", "name")

    def __init__(self, name: str, given: GivenAxis | None, span: Span | None) -> None:
        super().__init__(Name(name=name, span=span))
        self.name = name
        self.given = given

    def __repr__(self) -> str:
        return f"<axis {self.name}>"


def apply(function: str, *operands: Value) -> Expression:
    """A scalar function of values, at the user's line. Index arithmetic drops `1*`, `+ 0` and `- 0`, which options leave."""
    span = caller_span()
    parts = tuple(as_expression(operand, span) for operand in operands)
    if len(parts) == 2 and parts[0].is_index and parts[1].is_index:
        left, right = (p.term.value if isinstance(p.term, Number) else None for p in parts)
        if (function in ("add", "subtract") and right == 0) or (function == "multiply" and right == 1):
            return parts[0]
        if (function == "add" and left == 0) or (function == "multiply" and left == 1):
            return parts[1]
    return Expression(Applied(function=function, arguments=tuple(p.term for p in parts), span=span), *parts)


def as_expression(value: Value, span: Span | None = None) -> Expression:
    """What a value is as a term. Raises NotationError or DTypeError for what can't stand in an expression."""
    span = span or caller_span()
    match value:
        case Axis():
            note_axis(value)
            found = Expression(Name(name=value.name, span=span))
            found.is_index = True
            return found
        case Expression():
            return value
        case Operators():
            return value.as_expression(span)  # type: ignore[attr-defined, no-any-return]
        case bool() | int() | float():
            return Expression(number(value, span))
        case complex():
            return _complex(value, span)
        case np.generic():
            return as_expression(value.item(), span)
        case _:
            raise no_value(value, span)


def _is_index(term: Term, parts: tuple[Expression, ...]) -> bool:
    """Whether a term is integer arithmetic of axes, extents and numbers alone."""
    match term:
        case Number(value=value):
            return type(value) is int and not term.imaginary
        case Size():
            return True
        case Applied(function="add" | "subtract" | "multiply"):
            return all(part.is_index for part in parts)
        case _:
            return False


def note_axis(axis: Axis) -> None:
    """Tell the op at work that an axis with a hand-given range takes part."""
    recorder = current()
    if recorder is not None and axis.given is not None:
        recorder.give(axis.given)


def number(value: bool | int | float, span: Span | None) -> Number:
    """A Python number as a term."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise NotationError("the number does not fit 64 bits", places=place(span), remedy="a float, such as 1e30")
    plain = value if isinstance(value, bool) else (int(value) if isinstance(value, int) else float(value))
    return Number(value=plain, span=span)


def _complex(value: complex, span: Span | None) -> Expression:
    """A Python complex number: an imaginary one, or the sum of a real and an imaginary one."""
    if not math.isfinite(value.real) or not math.isfinite(value.imag):
        message = f"{value!r} has a part that is no finite number"
        raise DTypeError(message, places=place(span), remedy="a finite number, or cast(..., c64) of a real expression")
    if value.real == 0:
        return Expression(Number(value=value.imag, imaginary=True, span=span))
    imaginary = Expression(Number(value=abs(value.imag), imaginary=True, span=span))
    return apply("subtract" if value.imag < 0 else "add", value.real, imaginary)


def _array_inside(span: Span | None) -> UnrutError:
    return NotationError(
        "an array can't stand in an expression",
        places=place(span),
        remedy="a positional parameter of the op, read with subscripts: def f(x, table): ... table[i]",
    )


def no_value(value: object, span: Span | None) -> UnrutError:
    """The error for what can't stand in an expression."""
    match value:
        case np.ndarray():
            return _array_inside(span)
        case tuple() | list() if value and all(isinstance(part, Axis) for part in value):
            names = [part.name for part in value]
            one = f'{names[0]}, = ur.axes("{names[0]}"), with a comma, or {names[0]} = ur.axis("{names[0]}")'
            return NotationError(
                "a tuple of axes stands here, not an axis: `ur.axes` gives a tuple, also for one name",
                places=place(span),
                remedy=one if len(names) == 1 else f'{", ".join(names)} = ur.axes("{" ".join(names)}")',
            )
        case tuple() | list():
            return NotationError(
                "a tuple can't stand in an expression",
                places=place(span),
                remedy="one of its parts; argmax over two axes gives two: i, j = ur.argmax[y, x](...)",
            )
        case slice():
            message, remedy = "slices are not part of the notation", "one axis for each dimension: P[n, 2*y + ky]"
            return NotationError(message, places=place(span), remedy=remedy)
        case _ if value is Ellipsis:
            message = "`...` is not part of the notation"
            return NotationError(message, places=place(span), remedy="an axis for each dimension")
        case str() | None | DType():
            message = f"{value!r} can't stand in an expression"
            return NotationError(message, places=place(span), remedy="a number, an axis or a read such as P[n, i]")
        case _:
            message = f"a {type(value).__name__} can't stand in an expression"
            return NotationError(message, places=place(span), remedy="a read such as P[n, i], a number or an axis")
