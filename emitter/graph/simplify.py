# SPDX-License-Identifier: Apache-2.0
"""Simplify index arithmetic and conditions by what is known about the axes.

Before:  where(0 <= x + k - 1 & x + k - 1 < w, P[x + k - 1], 0)    with 1 <= x <= w - 2, 0 <= k <= 2
After:   P[x + k - 1]
Because: boundary and interior of a domain are lowered from one expression; only what is known differs.
Float arithmetic is never touched.
"""

from __future__ import annotations

from dataclasses import replace

from unrut.emitter.graph.linear import Linear, constant, expression, linear, number
from unrut.emitter.graph.ranges import Known, at_least_zero, bounds, difference, exact, negation
from unrut.program.extents import Extent
from unrut.program.nodes import AxisValue, Call, Const, Expr, Where
from unrut.program.types import DType
from unrut.program.walk import children, rebuild

TRUE = Const(value=True, dtype=DType.bool)
FALSE = Const(value=False, dtype=DType.bool)


def simplify(expr: Expr, known: Known) -> Expr:
    """The same value for every place that `known` allows, with fewer conditions and plainer subscripts."""
    if isinstance(expr, AxisValue | Const):
        return expr
    found = known.found.simplified.get(expr)
    if found is None:
        found = known.found.simplified[expr] = _simplified(expr, known)
    return found


def _simplified(expr: Expr, known: Known) -> Expr:
    match expr:
        case Where(condition=condition, then=then, otherwise=otherwise):
            test = simplify(condition, known)
            if test == TRUE:
                return simplify(then, known)
            if test == FALSE:
                return simplify(otherwise, known)
            yes, no = simplify(then, known.given(test)), simplify(otherwise, known.given(negation(test)))
            return replace(expr, condition=test, then=yes, otherwise=no)
        case Call(function="bitwise_and", arguments=(left, right), dtype=DType.bool):
            return _both(simplify(left, known), simplify(right, known), expr)
        case _:
            parts = children(expr)
            inner = rebuild(expr, tuple(simplify(part, known) for part in parts)) if parts else expr
            if inner.dtype is DType.i64:
                return _index(inner, known)
            return _condition(inner, known) if inner.dtype is DType.bool else inner


def _both(left: Expr, right: Expr, expr: Call) -> Expr:
    """A conjunction. Both sides are evaluated, so neither is simplified by what the other says: it may read."""
    if FALSE in (left, right):
        return FALSE
    if left == TRUE:
        return right
    return left if right == TRUE else replace(expr, arguments=(left, right))


def _condition(expr: Expr, known: Known) -> Expr:
    compared = difference(expr, known)
    if compared is not None:
        return _decide(*compared, expr, known)
    match expr:
        case Call(function="bitwise_or", arguments=(left, right)):
            if TRUE in (left, right):
                return TRUE
            if FALSE in (left, right):
                return right if left == FALSE else left
        case Call(function="invert", arguments=(Const(value=value),)):
            return FALSE if value else TRUE
        case _:
            pass
    return expr


def _decide(relation: str, form: Linear, expr: Expr, known: Known) -> Expr:
    not_negative = at_least_zero(form, known)
    negative = at_least_zero(form * -1 - constant(1), known)
    if relation == ">=":
        return TRUE if not_negative else FALSE if negative else expr
    positive = at_least_zero(form - constant(1), known)
    if positive or negative:
        return TRUE if relation == "!=" else FALSE
    if not_negative and at_least_zero(form * -1, known):
        return FALSE if relation == "!=" else TRUE
    return expr


def _index(expr: Expr, known: Known) -> Expr:
    match expr:
        case Call(function="maximum" | "minimum" | "remainder" | "floor_divide", arguments=(left, right)) if not (
            exact(linear(left), known) and exact(linear(right), known)
        ):
            return expr  # data may wrap, and then its order and its quotients are not those of whole numbers
        case Call(function="maximum" | "minimum" as function, arguments=(left, right)):
            gap = linear(left) - linear(right)
            if at_least_zero(gap, known):
                return left if function == "maximum" else right
            if at_least_zero(gap * -1, known):
                return right if function == "maximum" else left
            return expr
        case Call(function="remainder", arguments=(dividend, divisor)):
            form, size = linear(dividend), linear(divisor)
            if at_least_zero(form, known) and at_least_zero(size - form - constant(1), known):
                return dividend
            if size.is_number and size.constant.value() > 0:
                return _reduced(expr, form, size.constant.value(), known)
            return expr
        case Call(function="floor_divide", arguments=(dividend, divisor)):
            form, size = linear(dividend), linear(divisor)
            if size.is_number and size.constant.value() > 0:
                return _quotient(expr, form, size.constant.value(), known)
            return expr
        case Call(function="add" | "subtract" | "multiply" | "negative"):
            return expression(linear(expr))
        case _:
            return expr


def _split(form: Linear, divisor: int) -> tuple[Linear, Linear]:
    """`form = divisor * multiple + rest`, the rest with what is not divisible."""
    multiple = tuple((c // divisor, a) for c, a in form.terms if c % divisor == 0)
    rest = tuple((c, a) for c, a in form.terms if c % divisor)
    whole, left = Extent(), form.constant
    if form.constant.is_fixed:
        whole, left = (
            Extent(constant=form.constant.value() // divisor),
            Extent(constant=form.constant.value() % divisor),
        )
    elif all(c % divisor == 0 for c, _ in form.constant.terms):
        left = Extent(constant=form.constant.constant % divisor)
        whole = (form.constant - left) // divisor
    return Linear(constant=whole, terms=multiple), Linear(constant=left, terms=rest)


def _quotient(expr: Expr, form: Linear, divisor: int, known: Known) -> Expr:
    multiple, rest = _split(form, divisor)
    low, high = bounds(rest, known)
    if low is not None and high is not None and low.is_fixed and high.is_fixed:
        first, last = low.value() // divisor, high.value() // divisor
        if first == last:
            return expression(multiple + constant(first))
    return expr


def _reduced(expr: Expr, form: Linear, divisor: int, known: Known) -> Expr:
    _, rest = _split(form, divisor)
    if not rest.terms and rest.constant.is_fixed:
        return number(rest.constant.value() % divisor)
    if at_least_zero(rest, known) and at_least_zero(constant(divisor - 1) - rest, known):
        return expression(rest)
    return expr
