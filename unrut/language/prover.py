# SPDX-License-Identifier: Apache-2.0
"""Upper bounds of affine forms over a box of axes and under facts: interval arithmetic joined with linear combination.

For a form f and a fact g <= 0 that share an atom with coefficients of one sign, d*f = (d*f - k*g) + k*g with positive d and
k that cancel the atom; so f <= upper(d*f - k*g) // d. Up to three facts are combined. Quotients bring facts of their own:
d*(e // d) <= e <= d*(e // d) + d - 1, and, where a guard says that e % d is 0, d*(e // d) = e.

Source: Farkas' lemma, with the rounding of integer cuts (Schrijver 1986, sections 7.3 and 23.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from math import gcd

from unrut.program.affine import Affine, Floor, Rest, number, remainder
from unrut.program.extents import Extent, Named, Quotient, named, provably_le, substitute
from unrut.program.intervals import interval

DEPTH = 3
MOST_TRIED = 2000


def upper_bounds(form: Affine, extents: Mapping[str, Extent], facts: Sequence[Affine]) -> Iterator[Extent]:
    """Numbers that the form never exceeds where the facts hold, the plain interval first; MOST_TRIED are tried."""
    known = [*facts, *_of_quotients([form, *facts], facts)]
    seen: set[Extent] = set()
    for bound in islice(_bounds(form, extents, known, DEPTH), MOST_TRIED):
        if bound not in seen:
            seen.add(bound)
            yield bound


def _bounds(form: Affine, extents: Mapping[str, Extent], facts: Sequence[Affine], depth: int) -> Iterator[Extent]:
    yield interval(form, extents).high
    if depth == 0:
        return
    for k, fact in enumerate(facts):
        for coefficient, atom in form.terms:
            other = fact.coefficient(atom)
            if other * coefficient > 0:
                shared = gcd(coefficient, other)
                factor, times = abs(other) // shared, abs(coefficient) // shared
                rest = form * factor - fact * times
                left = [*facts[:k], *facts[k + 1 :]]
                for bound in _bounds(rest, extents, left, depth - 1):
                    yield bound // factor


def _of_quotients(forms: Sequence[Affine], facts: Sequence[Affine]) -> list[Affine]:
    """Facts that hold of every quotient that occurs."""
    found: dict[Affine, None] = {}
    waiting = list(forms)
    while waiting:
        for _, atom in waiting.pop().terms:
            if isinstance(atom, Floor):
                scaled = Affine(terms=((atom.divisor, atom),))
                found[scaled - atom.dividend] = None
                rest = _known_remainder(atom, facts)
                found[atom.dividend - scaled - number(atom.divisor - 1 if rest is None else rest)] = None
                if rest is not None:
                    found[scaled + number(rest) - atom.dividend] = None
                waiting.append(atom.dividend)
    return list(found)


def _known_remainder(quotient: Floor, facts: Sequence[Affine]) -> int | None:
    """The remainder of a quotient's division, where facts say what a form that differs from it by a number leaves."""
    for fact in facts:
        match fact:
            case Affine(constant=constant, terms=((1, Rest(divisor=quotient.divisor) as rest),)) if constant.is_fixed:
                least_is_same = constant == Extent() or fact * -1 in facts
                apart = remainder(quotient.dividend - rest.dividend, quotient.divisor)
                if least_is_same and not apart.terms and apart.constant.is_fixed:
                    return (apart.constant.value() - constant.value()) % quotient.divisor
    return None


def sizes_at_least(extents: Sequence[Extent], facts: Sequence[Affine] = ()) -> dict[str, Extent]:
    """Run-time sizes that have a minimum where none of the ranges is empty, written as what is above that minimum."""
    found: dict[str, int] = {}
    for fact in facts:
        match fact:
            case Affine(constant=Extent(constant=minimum, terms=((-1, Named(name=name)),)), terms=()):
                found[name] = max(minimum, found.get(name, 0))
    for extent in extents:
        match extent.terms:
            case ((1, Named(name=name)),):
                minimum = 1 - extent.constant
            case ((1, Quotient(dividend=Extent(terms=((1, Named(name=name)),)) as dividend, divisor=divisor)),):
                minimum = divisor * (1 - extent.constant) - dividend.constant
            case _:
                continue
        found[name] = max(minimum, found.get(name, 0))
    return {name: named(name) + minimum for name, minimum in found.items()}


def never_exceeds(left: Extent, right: Extent, minima: Mapping[str, Extent]) -> bool:
    """Whether left <= right for all sizes that are as large as `sizes_at_least` says."""
    return provably_le(substitute(left, minima), substitute(right, minima))
