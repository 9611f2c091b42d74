# SPDX-License-Identifier: Apache-2.0
"""Split the range of a loop so that conditions are decided for whole parts of it.

Before:  for p in 0 .. n:  where(0 <= p + k - 1, x[p + k - 1], 0)          with k in 0 .. 2 looped over further inside
After:   for p in 0 .. 1:  the same;   for p in 1 .. n:  x[p + k - 1]
Because: boundaries are thin, and what is left has neither tests nor clamps (domain splitting).
"""

from __future__ import annotations

from collections.abc import Iterator

from unrut.emitter.graph.linear import Linear, call, constant, expression, linear
from unrut.emitter.graph.ranges import Known, at_least_zero, conjuncts, difference, is_data
from unrut.emitter.lower.site import Piece
from unrut.program.nodes import AxisValue, Call, Expr, Read, Where
from unrut.program.types import DType
from unrut.program.walk import children


def wanted(expr: Expr, known: Known) -> Iterator[Linear]:
    """Forms that are all at least 0 in the interior: there every lazy condition holds and no subscript is moved."""
    match expr:
        case Where(condition=condition, then=then, otherwise=otherwise):
            for part in conjuncts(condition):
                match difference(part):
                    case (">=", form) if not _is_of_data(form):
                        yield form
                    case _:
                        yield from wanted(part, known)
            yield from wanted(then, known)
            yield from wanted(otherwise, known)
        case Read(subscripts=subscripts):
            for subscript in subscripts:
                yield from (form for form in unmoved(subscript, known)[1] if not _is_of_data(form))
        case _:
            for part in children(expr):
                yield from wanted(part, known)


def _is_of_data(form: Linear) -> bool:
    """Whether a form changes from place to place as data does: no part of a range can be told where it holds."""
    return any(is_data(atom) for _, atom in form.terms)


def unmoved(expr: Expr, known: Known) -> tuple[Linear, tuple[Linear, ...]]:
    """An index expression with every clamp and remainder taken as its first argument, and the forms that allow it."""
    match expr:
        case Call(function="maximum" | "minimum" as function, arguments=(left, right), dtype=DType.i64):
            (one, first), (other, second) = unmoved(left, known), unmoved(right, known)
            gap = one - other if function == "maximum" else other - one
            return one, (*first, *second, gap)
        case Call(function="remainder", arguments=(dividend, divisor), dtype=DType.i64):
            form, needs = unmoved(dividend, known)
            size = linear(divisor)
            once = at_least_zero(form + size, known) and at_least_zero(size * 2 - form - constant(1), known)
            if once and not size.terms:  # wraps around at most once: a boundary, not a period
                return form, (*needs, form, size - form - constant(1))
            return linear(expr), ()
        case Call(function="add" | "subtract", arguments=(left, right), dtype=DType.i64):
            (one, first), (other, second) = unmoved(left, known), unmoved(right, known)
            return (one + other if expr.function == "add" else one - other), (*first, *second)
        case _:
            return linear(expr), ()


def extreme(form: Linear, inner: frozenset[str], known: Known, *, smallest: bool) -> Linear | None:
    """The least or greatest value over the ranges of inner variables, as a form of the others; None if not known."""
    total = Linear(constant=form.constant)
    for c, atom in form.terms:
        if isinstance(atom, AxisValue) and atom.axis in inner:
            low, high = known.ranges.get(atom.axis, (None, None))
            end = low if (c > 0) == smallest else high
            if end is None:
                return None
            total = total + constant(end) * c
        else:
            part = Linear(terms=((c, atom),))
            if part.axes() & inner:
                return None
            total = total + part
    return total


def first_place(form: Linear, coefficient: int) -> Linear:
    """For a positive coefficient c: the least p with c*p + form >= 0, which is ceil(-form / c)."""
    return form * -1 if coefficient == 1 else quotient(form * -1 + constant(coefficient - 1), coefficient)


def end_place(form: Linear, coefficient: int) -> Linear:
    """For a negative coefficient -c: one more than the greatest p with -c*p + form >= 0, which is floor(form / c) + 1."""
    c = -coefficient
    return (form if c == 1 else quotient(form, c)) + constant(1)


def quotient(form: Linear, divisor: int) -> Linear:
    if form.is_number:
        return constant(form.constant.value() // divisor)
    if not form.terms:
        return constant(form.constant // divisor)
    return linear(call("floor_divide", expression(form), expression(constant(divisor))))


def larger(one: Linear, other: Linear, known: Known) -> Linear:
    """The larger of two forms: one of them where that is proved."""
    if at_least_zero(one - other, known):
        return one
    if at_least_zero(other - one, known):
        return other
    return linear(call("maximum", expression(one), expression(other)))


def smaller(one: Linear, other: Linear, known: Known) -> Linear:
    """The smaller of two forms: one of them where that is proved."""
    if at_least_zero(other - one, known):
        return one
    if at_least_zero(one - other, known):
        return other
    return linear(call("minimum", expression(one), expression(other)))


def pieces(forms: list[Linear], variable: str, size: Linear, inner: frozenset[str], known: Known) -> tuple[Piece, ...]:
    """The range of `variable`, 0 to `size`, cut where all of `forms` begin and cease to be at least 0 for all inner places.

    One part (the whole) if nothing is gained. In the middle part each form is at least 0; before and after it, a form that
    was alone in setting the cut, and depends on no inner variable, is negative.
    """
    below: list[tuple[Linear, Linear, bool]] = []
    above: list[tuple[Linear, Linear, bool]] = []
    facts: list[Linear] = []
    for form in forms:
        c = form.coefficient(variable)
        rest = form.without(variable)
        low = extreme(rest, inner, known, smallest=True)
        if c == 0 or low is None or variable in rest.axes():
            continue
        exact = low == rest
        facts.append(low + (form - rest))
        if c > 0:
            below.append((first_place(low, c), form, exact))
        else:
            above.append((end_place(low, c), form, exact))
    zero = constant(0)
    first, last = zero, size
    for cut, _, _ in below:
        first = larger(first, cut, known)
    first = smaller(first, size, known)
    for cut, _, _ in above:
        last = smaller(last, cut, known)
    last = larger(last, first, known)
    if first == zero and last == size:
        return (Piece(first=zero, size=size, facts=tuple(facts)),)
    before = _negated(below)
    after = _negated(above)
    found = [
        Piece(first=zero, size=first, facts=before),
        Piece(first=first, size=last - first, facts=tuple(facts)),
        Piece(first=last, size=size - last, facts=after),
    ]
    return tuple(piece for piece in found if piece.size != zero)


def _negated(cuts: list[tuple[Linear, Linear, bool]]) -> tuple[Linear, ...]:
    if len(cuts) == 1 and cuts[0][2]:
        return (cuts[0][1] * -1 - constant(1),)
    return ()
