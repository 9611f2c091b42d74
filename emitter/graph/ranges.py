# SPDX-License-Identifier: Apache-2.0
"""What is known about axes at a place of a nest, and what follows for index expressions.

`Known` holds a closed range for each axis and facts `linear >= 0`. Proofs are by interval arithmetic, after taking away at
most one fact: enough for affine subscripts under affine guards, and never wrong; `False` only means "not proved".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from unrut.emitter.graph.linear import Linear, constant, linear
from unrut.program.extents import Extent, as_extent, least, most, names, provably_le
from unrut.program.nodes import AxisValue, Call, Cast, Const, Expr, ExtentValue, Read, Where
from unrut.program.remembering import remembered
from unrut.program.types import DType
from unrut.program.walk import children, reads

Bound = Extent | None
LARGEST_SIZE, LARGEST_INDEX = 2**40, 2**62


@dataclass(frozen=True, slots=True)
class Found:
    """What has followed from some knowledge so far. The same few forms are asked about again and again."""

    bounds: dict[Linear, tuple[Bound, Bound]] = field(default_factory=dict)
    proofs: dict[Linear, bool] = field(default_factory=dict)
    simplified: dict[Expr, Expr] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Ranges of axes (both ends included; None: unknown) and facts, each a linear form that is at least 0 here.

    `elements` are ranges that every element of an integer tensor is known to be in. `found` is no part of the knowledge.
    """

    ranges: Mapping[str, tuple[Bound, Bound]] = field(default_factory=dict)
    facts: tuple[Linear, ...] = ()
    elements: Mapping[str, tuple[Bound, Bound]] = field(default_factory=dict)
    found: Found = field(default_factory=Found, init=False, compare=False, repr=False)

    def with_axis(self, axis: str, low: Extent | int | None, high: Extent | int | None) -> Known:
        """This knowledge with a range for one more axis."""
        ends = (None if low is None else as_extent(low), None if high is None else as_extent(high))
        return Known(ranges={**self.ranges, axis: ends}, facts=self.facts, elements=self.elements)

    def with_facts(self, *facts: Linear) -> Known:
        """This knowledge with further forms that are at least 0."""
        if all(fact in self.facts for fact in facts):
            return self
        joined = tuple(dict.fromkeys((*self.facts, *facts)))
        return Known(ranges=self.ranges, facts=joined, elements=self.elements)

    def given(self, condition: Expr) -> Known:
        """This knowledge where a bool condition holds: its affine conjuncts become facts."""
        return self.with_facts(*facts_of(condition, self))


def bounds(form: Linear, known: Known) -> tuple[Bound, Bound]:
    """The range of a linear form by interval arithmetic (facts unused)."""
    found = known.found.bounds.get(form)
    if found is None:
        found = known.found.bounds[form] = _bounds(form, known)
    return found


def _bounds(form: Linear, known: Known) -> tuple[Bound, Bound]:
    low: Bound = form.constant
    high: Bound = form.constant
    for c, atom in form.terms:
        below, above = atom_bounds(atom, known)
        if c < 0:
            below, above = above, below
        low = None if low is None or below is None else low + below * c
        high = None if high is None or above is None else high + above * c
    is_sum = len(form.terms) > 1 or form.constant != Extent() or any(c != 1 for c, _ in form.terms)
    if is_sum and any(is_data(atom) for _, atom in form.terms) and (_is_far(low) or _is_far(high)):
        return None, None
    return low, high


@remembered
def is_data(expr: Expr) -> bool:
    """Whether an integer expression holds more than axes, extents and numbers: arithmetic on it may wrap."""
    if isinstance(expr, AxisValue | ExtentValue | Const):
        return False
    if isinstance(expr, Cast) and expr.operand.dtype is DType.bool:
        return False
    return isinstance(expr, Read | Cast) or not children(expr) or any(map(is_data, children(expr)))


def _is_far(end: Bound) -> bool:
    """Whether an end is unknown or may be so far from 0 that sums wrap; run-time sizes are 2**40 at most."""
    if end is None:
        return True
    return abs(end.constant) + sum(abs(c) for c, _ in end.terms) * LARGEST_SIZE > LARGEST_INDEX


def exact(form: Linear, known: Known) -> bool:
    """Whether a form is what its arithmetic gives, which wraps: it holds no data, or stays near."""
    if not any(is_data(atom) for _, atom in form.terms):
        return True
    return not any(map(_is_far, bounds(form, known)))


def is_near(expr: Expr, known: Known) -> bool:
    """Whether an integer expression is known to stay so near to 0 that sums of it with indices are exact."""
    return not any(map(_is_far, atom_bounds(expr, known)))


def atom_bounds(atom: Expr, known: Known) -> tuple[Bound, Bound]:
    """The range of one integer expression that is no sum of i64: what its parts say, else what its dtype holds."""
    low, high = _atom_bounds(atom, known)
    if atom.dtype.is_integer and atom.dtype.size < DType.i64.size:
        least_of_all, largest = (Extent(constant=end) for end in atom.dtype.limits)
        return (least_of_all if low is None else low), (largest if high is None else high)
    return low, high


def _atom_bounds(atom: Expr, known: Known) -> tuple[Bound, Bound]:
    match atom:
        case AxisValue(axis=axis):
            return known.ranges.get(axis, (None, None))
        case Const(value=value) if atom.dtype.is_integer:
            return Extent(constant=int(value)), Extent(constant=int(value))
        case Read(tensor=tensor):
            return known.elements.get(tensor, (None, None))
        case Call(function="floor_divide", arguments=(dividend, Const(value=divisor))) if divisor > 0:
            low, high = bounds(linear(dividend), known)
            return (None if low is None else low // int(divisor)), (None if high is None else high // int(divisor))
        case Call(function="remainder", arguments=(dividend, divisor)):
            low, high = bounds(linear(divisor), known)
            if low is not None and high is not None and low == high and provably_le(Extent(constant=1), low):
                return Extent(), high - 1
            return None, None
        case Call(function="maximum", arguments=(left, right), dtype=dtype) if dtype.is_integer:
            (a, b), (c, d) = bounds(linear(left), known), bounds(linear(right), known)
            return _known_of(most, a, c), (None if b is None or d is None else most(b, d))
        case Call(function="minimum", arguments=(left, right), dtype=dtype) if dtype.is_integer:
            (a, b), (c, d) = bounds(linear(left), known), bounds(linear(right), known)
            return (None if a is None or c is None else least(a, c)), _known_of(least, b, d)
        case Where(condition=condition, then=then, otherwise=otherwise):
            (a, b), (c, d) = bounds(linear(then), known.given(condition)), bounds(linear(otherwise), known)
            return (None if a is None or c is None else least(a, c)), (None if b is None or d is None else most(b, d))
        case Cast(operand=operand, dtype=DType.i64) if operand.dtype is DType.bool:
            return Extent(), Extent(constant=1)
        case Cast(operand=operand, dtype=DType.i64) if operand.dtype.is_integer:
            low, high = atom_bounds(operand, known)
            return (None, None) if operand.dtype is DType.u64 and _is_far(high) else (low, high)
        case _:
            return None, None


def _known_of(choose: object, one: Bound, other: Bound) -> Bound:
    if one is None:
        return other
    if other is None:
        return one
    return most(one, other) if choose is most else least(one, other)


def at_least_zero(form: Linear, known: Known) -> bool:
    """Whether a form is proved to be at least 0: by ranges, or by one fact and ranges."""
    proved = known.found.proofs.get(form)
    if proved is None:
        proved = known.found.proofs[form] = _at_least_zero(form, known)
    return proved


def _at_least_zero(form: Linear, known: Known) -> bool:
    low = bounds(form, known)[0]
    if low is not None and provably_le(Extent(), low):
        return True
    atoms, sizes = {atom for _, atom in form.terms}, names(form.constant)
    for fact in known.facts:
        if not any(atom in atoms for _, atom in fact.terms) and not sizes & names(fact.constant):
            # What shares nothing with the form takes nothing away from it, unless it never holds: then there is no place.
            high = bounds(fact, known)[1]
            if high is not None and provably_le(high, Extent(constant=-1)):
                return True
            continue
        low = bounds(form - fact, known)[0]
        if low is not None and provably_le(Extent(), low):
            return True
    return False


def inside(subscript: Expr, extent: Extent, known: Known) -> bool:
    """Whether `0 <= subscript < extent` is proved."""
    match subscript:
        case Call(function="maximum", arguments=(Call(function="minimum", arguments=(_, last)), Const(value=0))):
            if linear(last) == constant(extent - 1) and at_least_zero(constant(extent - 1), known):
                return True
        case _:
            pass
    form = linear(subscript)
    return at_least_zero(form, known) and at_least_zero(constant(extent - 1) - form, known)


def conjuncts(condition: Expr) -> tuple[Expr, ...]:
    """The parts of a bool condition that must all hold."""
    match condition:
        case Call(function="bitwise_and", arguments=(left, right), dtype=DType.bool):
            return conjuncts(left) + conjuncts(right)
        case Const(value=True):
            return ()
        case _:
            return (condition,)


def difference(condition: Expr, known: Known | None = None) -> tuple[str, Linear] | None:
    """A comparison of i64 expressions as (`>=` or `==` or `!=`, form): the form compared with 0. None: anything else.

    Only index arithmetic is taken apart, which the language keeps far from the ends of 64 bits; data may wrap, unless its
    range is known.
    """
    match condition:
        case Call(function=function, arguments=(left, right)) if left.dtype is DType.i64 and right.dtype is DType.i64:
            one, other = linear(left), linear(right)
            read = [atom for form in (one, other) for _, atom in form.terms if any(True for _ in reads(atom))]
            if not all(is_near(atom, known or Known()) for atom in read):
                return None
            match function:
                case "greater_equal":
                    return ">=", one - other
                case "less_equal":
                    return ">=", other - one
                case "greater":
                    return ">=", one - other - constant(1)
                case "less":
                    return ">=", other - one - constant(1)
                case "equal":
                    return "==", one - other
                case "not_equal":
                    return "!=", one - other
        case _:
            pass
    return None


def facts_of(condition: Expr, known: Known | None = None) -> tuple[Linear, ...]:
    """The linear forms that are at least 0 where a condition holds."""
    found: list[Linear] = []
    for part in conjuncts(condition):
        match difference(part, known):
            case (">=", form):
                found.append(form)
            case ("==", form):
                found += [form, form * -1]
            case _:
                pass
    return tuple(found)


def negation(condition: Expr) -> Expr:
    """A condition that holds where the given one does not; comparisons of integers turn around."""
    turned = {
        "less": "greater_equal", "greater_equal": "less", "greater": "less_equal", "less_equal": "greater",
        "equal": "not_equal", "not_equal": "equal",
    }  # fmt: skip
    match condition:
        case Call(function=function, arguments=(left, _)) if function in turned and not left.dtype.is_float:
            return replace(condition, function=turned[function])
        case Call(function="invert", arguments=(operand,), dtype=DType.bool):
            return operand
        case _:
            return Call(function="invert", arguments=(condition,), dtype=DType.bool)


def range_known(axes: Mapping[str, Extent]) -> Known:
    """What the extents of axes say: each runs from 0 to its extent less 1."""
    return Known(ranges={name: (Extent(), extent - 1) for name, extent in axes.items()})
