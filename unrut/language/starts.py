# SPDX-License-Identifier: Apache-2.0
"""Initial statements, `h[-1, b] = h0[b]`: what their left sides may be, and whether they give every place that is read.

A left side has a number below 0 or the tensor's own axis in each dimension; two of one tensor never give the same place.
A read may reach as far before the range as some initial statement does. Then every combination of places before the
range and inside that the guards around the read let through must be one that an initial statement gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from unrut.errors import NameClashError, NotationError, RangeError, UnrutError
from unrut.language.declarations import Declarations, at, target_axes
from unrut.language.guards import Guard
from unrut.language.inside import Guarded, guarded_reads, never_above
from unrut.language.notation import Assignment, Name, Number
from unrut.program.affine import Affine, affine, number
from unrut.program.extents import Extent
from unrut.program.nodes import Const, Role, Statement

FARTHEST = 64
"""Places before a range that may be given: each is one more case wherever the tensor is read."""

Pattern = tuple[int | None, ...]
"""For each dimension the place before the range, or None for all places inside."""


def check_starts(known: Declarations, errors: list[UnrutError]) -> None:
    """Refuse initial statements of no tensor, with left sides of another form, or of one place twice."""
    for target, starts in known.starts.items():
        defining = known.statements.get(target)
        if defining is None:
            message = f"`{target}` has a place before its range, and no statement that defines its range"
            errors.append(NotationError(message, places=at(starts[0].span), remedy=f"{target}[t, i] = ..."))
            continue
        own = target_axes(defining)
        seen: dict[tuple[int | str, ...], Assignment] = {}
        for start in starts:
            fault = _fault(start, own)
            if fault:
                remedy = f"{target}[{', '.join(['-1', *own[1:]])}] = ..." if own else "a tensor with an axis"
                errors.append(NotationError(fault, places=at(start.span), remedy=remedy))
                continue
            before = seen.setdefault(tuple(s if isinstance(s, int) else "" for s in pattern(start)), start)
            if before is not start:
                errors.append(
                    NameClashError(
                        f"the same place before the range of `{target}` is given twice",
                        places=[*at(before.span, "first"), *at(start.span, "again")],
                        remedy="one of them",
                    )
                )


def pattern(start: Assignment) -> tuple[int | str, ...]:
    """The left side: numbers below 0, and names of axes."""
    found: list[int | str] = []
    for subscript in start.subscripts:
        match subscript:
            case Number(value=int() as value):
                found.append(value)
            case Name(name=name):
                found.append(name)
            case _:
                found.append("")
    return tuple(found)


def _fault(start: Assignment, own: tuple[str, ...]) -> str:
    left = pattern(start)
    if len(left) != len(own):
        return f"`{start.target}` has {len(own)} dimensions and is given places with {len(left)} subscripts"
    for subscript, axis in zip(left, own, strict=True):
        if isinstance(subscript, str) and subscript != axis:
            what = subscript or "another expression"
            return f"a place before the range of `{start.target}` has `{what}` where its axis is `{axis}`"
        if isinstance(subscript, int) and not -FARTHEST <= subscript < 0:
            return f"places of `{start.target}` can be given from {-FARTHEST} to -1, not at {subscript}"
    return ""


def patterns_of(statements: Sequence[Statement]) -> dict[str, set[Pattern]]:
    """For each tensor that has initial statements, the places before its range that they give."""
    found: dict[str, set[Pattern]] = {}
    for statement in statements:
        if statement.role is Role.starts:
            places = tuple(int(s.value) if isinstance(s, Const) else None for s in statement.subscripts)
            found.setdefault(statement.target, set()).add(places)
    return found


def reaches(patterns: Mapping[str, set[Pattern]]) -> dict[str, tuple[int, ...]]:
    """How many places before the range each tensor has, in each dimension."""
    return {
        tensor: tuple(max(-(place or 0) for place in places) for places in zip(*given, strict=True))
        for tensor, given in patterns.items()
    }


def check_given(
    statements: Sequence[Statement], patterns: Mapping[str, set[Pattern]], errors: list[UnrutError]
) -> None:
    """Refuse reads that may be of a place before the range which no initial statement gives."""
    before = reaches(patterns)
    for statement in statements:
        axes = {axis.name: axis.extent for axis in statement.axes}
        for expr in statement.expressions():
            for guarded in guarded_reads(expr, axes, Guard()):
                tensor = guarded.read.tensor
                if tensor in patterns:
                    missing = next(_missing(guarded, before[tensor], patterns[tensor]), None)
                    if missing is not None:
                        errors.append(_not_given(guarded, missing))


def _missing(guarded: Guarded, before: tuple[int, ...], given: set[Pattern]) -> Iterator[Pattern]:
    """The places before the range that a read may be of and nobody gives."""
    forms = [affine(subscript) for subscript in guarded.read.subscripts]
    options = [[None, *range(-reach, 0)] for reach in before]
    for places in product(*options):
        if any(place is not None for place in places) and places not in given and not _excluded(guarded, forms, places):
            yield places


def _excluded(guarded: Guarded, forms: Sequence[Affine | None], places: Pattern) -> bool:
    """Whether it is proved that a read is never of these places."""
    facts: list[tuple[Affine, ...]] = []
    for form, place in zip(forms, places, strict=True):
        if form is None:
            facts.append(())
        elif place is None:
            facts.append((form * -1,))
        else:
            facts.append((form - number(place), number(place) - form))
    for d, (form, place) in enumerate(zip(forms, places, strict=True)):
        if form is None:
            continue
        others = tuple(fact for k, found in enumerate(facts) if k != d for fact in found)
        inner = Guarded(read=guarded.read, axes=guarded.axes, guard=guarded.guard & Guard(facts=others))
        if place is None:
            if never_above(inner, form, Extent(constant=-1)):
                return True
        elif never_above(inner, form, Extent(constant=place - 1)) or never_above(
            inner, form * -1, Extent(constant=-place - 1)
        ):
            return True
    return False


def _not_given(guarded: Guarded, places: Pattern) -> RangeError:
    read = guarded.read
    left = ", ".join("..." if place is None else str(place) for place in places)
    return RangeError(
        f"`{read.tensor}` is read before its range, at [{left}], and no initial statement gives that place",
        places=at(read.span),
        remedy=f"{read.tensor}[{left}] = ..., or a guard: where(..., ..., 0)",
    )
