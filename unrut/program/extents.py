# SPDX-License-Identifier: Apache-2.0
"""Extents: sizes known as numbers, or as integer expressions of named run-time sizes, in one canonical form.

    Extent = constant + sum of coefficient * Atom
    Atom   = Named(name) | Quotient(extent // divisor) | Least(extents) | Most(extents) | Product(extents)

Equal canonical forms are equal sizes; the converse is not promised (`provably_le` says False when it can't tell).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Union

from unrut.program.remembering import Remembering, remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Remembering):
    """A size that is given when the op is called (or a placeholder before `bind`)."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotient(Remembering):
    """Floor division by a positive constant."""

    dividend: Extent
    divisor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Least(Remembering):
    """The smallest of several extents, none of which is provably the smallest."""

    among: tuple[Extent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Most(Remembering):
    """The largest of several extents."""

    among: tuple[Extent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Remembering):
    """A product of extents that are not constants."""

    factors: tuple[Extent, ...]


Atom = Union[Named, Quotient, Least, Most, Product]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent(Remembering):
    """`constant + sum(coefficient * atom)`; terms are sorted by their text and have no zero coefficients."""

    constant: int = 0
    terms: tuple[tuple[int, Atom], ...] = ()

    @property
    def is_fixed(self) -> bool:
        """Whether the size is a number already."""
        return not self.terms

    def value(self) -> int:
        """The number; only for fixed extents."""
        assert self.is_fixed, self
        return self.constant

    def __add__(self, other: Extent | int) -> Extent:
        right = other if isinstance(other, Extent) else Extent(constant=int(other))
        if not right.terms:
            return self if not right.constant else Extent(constant=self.constant + right.constant, terms=self.terms)
        if not self.terms:
            return right if not self.constant else Extent(constant=self.constant + right.constant, terms=right.terms)
        coefficients = {atom: c for c, atom in self.terms}
        for c, atom in right.terms:
            coefficients[atom] = coefficients.get(atom, 0) + c
        kept = sorted(((c, a) for a, c in coefficients.items() if c), key=lambda term: atom_text(term[1]))
        return Extent(constant=self.constant + right.constant, terms=tuple(kept))

    def __mul__(self, other: Extent | int) -> Extent:
        right = other if isinstance(other, Extent) else Extent(constant=int(other))
        if not right.terms:
            k = right.constant
            if k == 1:
                return self
            return Extent(constant=self.constant * k, terms=tuple((c * k, a) for c, a in self.terms) if k else ())
        if not self.terms:
            return right * self
        return Extent(terms=((1, Product(factors=tuple(sorted((self, right), key=extent_text)))),))

    def __sub__(self, other: Extent | int) -> Extent:
        return self + (-other if isinstance(other, int) else other * -1)

    def __floordiv__(self, divisor: int) -> Extent:
        assert divisor > 0, divisor
        if divisor == 1 or (self.is_fixed):
            return Extent(constant=self.constant // divisor, terms=self.terms)
        if all(c % divisor == 0 for c, _ in self.terms):
            return Extent(constant=self.constant // divisor, terms=tuple((c // divisor, a) for c, a in self.terms))
        match self.terms:
            case ((1, Least(among=among)),):
                return least(*((e + self.constant) // divisor for e in among))
            case ((1, Most(among=among)),):
                return most(*((e + self.constant) // divisor for e in among))
        return Extent(terms=((1, Quotient(dividend=self, divisor=divisor)),))

    def __str__(self) -> str:
        return extent_text(self)


def as_extent(value: Extent | int) -> Extent:
    """An extent from a number; extents pass through."""
    return value if isinstance(value, Extent) else Extent(constant=int(value))


def named(name: str) -> Extent:
    """The extent that is the run-time size `name`."""
    return Extent(terms=((1, Named(name=name)),))


def least(*extents: Extent) -> Extent:
    """The smallest: a candidate that another one never exceeds is dropped, one that is a smallest itself is taken apart."""
    kept = _undominated([part for e in extents for part in _taken_apart(e, Least)], provably_le)
    return kept[0] if len(kept) == 1 else Extent(terms=((1, Least(among=tuple(sorted(kept, key=extent_text)))),))


def most(*extents: Extent) -> Extent:
    """The largest: a candidate that never exceeds another one is dropped, one that is a largest itself is taken apart."""
    kept = _undominated(
        [part for e in extents for part in _taken_apart(e, Most)], lambda one, other: provably_le(other, one)
    )
    return kept[0] if len(kept) == 1 else Extent(terms=((1, Most(among=tuple(sorted(kept, key=extent_text)))),))


def _taken_apart(extent: Extent, kind: type[Least | Most]) -> tuple[Extent, ...]:
    """`max(a, b) + c` as `a + c` and `b + c`: chains of windows would nest without end otherwise."""
    inner = [atom for c, atom in extent.terms if isinstance(atom, kind) and c == 1]
    if len(inner) != 1:
        return (extent,)
    rest = extent - Extent(terms=((1, inner[0]),))
    return tuple(e + rest for e in inner[0].among)


def _undominated(candidates: list[Extent], wins: Callable[[Extent, Extent], bool]) -> list[Extent]:
    """Those that no other one wins against; of two that win against each other the first."""
    kept: list[Extent] = []
    for candidate in dict.fromkeys(candidates):
        if not any(wins(other, candidate) for other in kept):
            kept = [*(other for other in kept if not wins(candidate, other)), candidate]
    return kept


@remembered
def lower_bound(extent: Extent) -> int | None:
    """A number that the extent never falls below, given that named sizes are at least 0; None if none is known."""
    total = extent.constant
    for c, atom in extent.terms:
        bound = _atom_bound(atom) if c > 0 else None
        if bound is None:
            return None
        total += c * bound
    return total


def _atom_bound(atom: Atom) -> int | None:
    match atom:
        case Named():
            return 0
        case Quotient(dividend=dividend, divisor=divisor):
            below = lower_bound(dividend)
            return None if below is None else below // divisor
        case Least(among=among):
            bounds = [lower_bound(e) for e in among]
            return None if None in bounds else min(b for b in bounds if b is not None)
        case Most(among=among):
            known = [b for b in map(lower_bound, among) if b is not None]
            return max(known) if known else None
        case Product(factors=factors):
            below_each = [lower_bound(e) for e in factors]
            return 0 if all(b is not None and b >= 0 for b in below_each) else None


def provably_le(left: Extent, right: Extent) -> bool:
    """Whether `left <= right` for all sizes, as far as linear reasoning and `k * (e // k) <= e` can tell."""
    return _at_least_zero(right - left)


@lru_cache(maxsize=1 << 14)  # the same rest is reached by replacing the atoms of a difference in any order
def _at_least_zero(difference: Extent) -> bool:
    below = lower_bound(difference)
    if below is not None:
        return below >= 0
    for c, atom in difference.terms:
        rest = difference - Extent(terms=((c, atom),))
        match atom:
            case Quotient(dividend=dividend, divisor=divisor) if c < 0 and c % divisor == 0:
                # c * (e // d) >= (c / d) * e for negative c
                if _at_least_zero(rest + dividend * (c // divisor)):
                    return True
            case Least(among=among) if c < 0:
                if any(_at_least_zero(rest + e * c) for e in among):
                    return True
            case Most(among=among) if c < 0:
                if all(_at_least_zero(rest + e * c) for e in among):
                    return True
            case Least(among=among) if c > 0:
                if all(_at_least_zero(rest + e * c) for e in among):
                    return True
            case Most(among=among) if c > 0:
                if any(_at_least_zero(rest + e * c) for e in among):
                    return True
            case _:
                pass
    return False


def evaluate(extent: Extent, sizes: Mapping[str, int]) -> int:
    """The number that an extent is for given run-time sizes."""
    return extent.constant + sum(c * _atom_value(atom, sizes) for c, atom in extent.terms)


def _atom_value(atom: Atom, sizes: Mapping[str, int]) -> int:
    match atom:
        case Named(name=name):
            return sizes[name]
        case Quotient(dividend=dividend, divisor=divisor):
            return evaluate(dividend, sizes) // divisor
        case Least(among=among):
            return min(evaluate(e, sizes) for e in among)
        case Most(among=among):
            return max(evaluate(e, sizes) for e in among)
        case Product(factors=factors):
            return reduce(lambda x, y: x * y, (evaluate(e, sizes) for e in factors))


def substitute(extent: Extent, sizes: Mapping[str, Extent]) -> Extent:
    """The extent with named sizes replaced; names that are not in `sizes` stay."""
    if not extent.terms:
        return extent
    total = Extent(constant=extent.constant)
    for c, atom in extent.terms:
        match atom:
            case Named(name=name):
                part = sizes.get(name, named(name))
            case Quotient(dividend=dividend, divisor=divisor):
                part = substitute(dividend, sizes) // divisor
            case Least(among=among):
                part = least(*(substitute(e, sizes) for e in among))
            case Most(among=among):
                part = most(*(substitute(e, sizes) for e in among))
            case Product(factors=factors):
                part = reduce(lambda x, y: x * y, (substitute(e, sizes) for e in factors))
        total = total + part * c
    return total


@remembered
def names(extent: Extent) -> frozenset[str]:
    """The run-time sizes that an extent depends on."""
    found: set[str] = set()
    for _, atom in extent.terms:
        match atom:
            case Named(name=name):
                found.add(name)
            case Quotient(dividend=dividend):
                found |= names(dividend)
            case Least(among=parts) | Most(among=parts) | Product(factors=parts):
                for part in parts:
                    found |= names(part)
    return frozenset(found)


@remembered
def atom_text(atom: Atom) -> str:
    """An atom as text, e.g. `h`, `(h - 3)//2`, `min(h, w)`."""
    match atom:
        case Named(name=name):
            return name
        case Quotient(dividend=dividend, divisor=divisor):
            inner = extent_text(dividend)
            return f"({inner})//{divisor}" if not inner.isidentifier() else f"{inner}//{divisor}"
        case Least(among=among):
            return "min(" + ", ".join(map(extent_text, among)) + ")"
        case Most(among=among):
            return "max(" + ", ".join(map(extent_text, among)) + ")"
        case Product(factors=factors):
            return "*".join(
                f"({extent_text(e)})" if not extent_text(e).isidentifier() else extent_text(e) for e in factors
            )


@remembered
def extent_text(extent: Extent) -> str:
    """An extent as text in the notation's spelling, e.g. `(h - 3)//2 + 1`."""
    parts: list[str] = []
    for c, atom in extent.terms:
        text = atom_text(atom)
        body = text if abs(c) == 1 else f"{abs(c)}*{text if text.isidentifier() else '(' + text + ')'}"
        parts.append(("-" if c < 0 else "") + body if not parts else ("- " if c < 0 else "+ ") + body)
    if extent.constant or not parts:
        k = extent.constant
        parts.append(str(k) if not parts else ("- " if k < 0 else "+ ") + str(abs(k)))
    return " ".join(parts)
