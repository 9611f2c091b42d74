# SPDX-License-Identifier: Apache-2.0
"""Computations that depend on each other: in which order they run, from their accesses alone.

An axis can be gone through step by step if every read inside the circle is of the same step or an earlier one. Reads that
are proved to be of an earlier step are settled by it; what is left in a circle needs a further axis within the step.
Circles of a Graph have the axes of the statements that they come from, under the same names in all computations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd

from unrut.emitter.graph.access import Access, accesses
from unrut.emitter.graph.computation import Computation, needs_of
from unrut.emitter.graph.extremes import without_extremes
from unrut.emitter.graph.linear import Linear, axis_value, constant, linear
from unrut.emitter.graph.ranges import Known, bounds
from unrut.errors import InternalError
from unrut.program.cycles import Cycle, components
from unrut.program.extents import Extent, provably_le
from unrut.program.nodes import Call, Const

DEPTH = 3
MANY = 12  # facts; with more of them, fewer are taken together


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One access of a consumer to a producer, both in one circle."""

    consumer: str
    producer: str
    access: Access
    dimensions: Mapping[str, int]

    def at_least(self, axis: str, steps: int) -> bool:
        """Whether the read is proved to be this many steps of an axis earlier, or more."""
        return earlier(self.access, self.dimensions[axis], axis, steps)


def earlier(access: Access, dimension: int, axis: str, steps: int) -> bool:
    """Whether `axis - subscript >= steps` is proved for one dimension of an access, where it happens."""
    return never_negative(axis_value(axis) - access.subscripts[dimension] - constant(steps), access.known)


def never_negative(form: Linear, known: Known) -> bool:
    """Whether a form is proved to be at least 0, by ranges and a few facts, those of quotients and extremes included."""
    plain = [part for fact in known.facts for part in without_extremes(fact, known)]
    atoms = {atom for _, atom in form.terms}
    told = [fact for fact in (*known.facts, *plain) if fact in plain or any(atom in atoms for _, atom in fact.terms)]
    told = [fact for fact in dict.fromkeys(told) if not _in_range(fact, known)]
    facts = list(dict.fromkeys([*told, *_of_quotients([form, *told])]))
    return _never_negative(form, known, facts, DEPTH if len(facts) <= MANY else 1)


def _never_negative(form: Linear, known: Known, facts: Sequence[Linear], depth: int) -> bool:
    if _in_range(form, known):
        return True
    if depth == 0:
        return False
    for k, fact in enumerate(facts):
        other = {atom: c for c, atom in fact.terms}
        for c, atom in form.terms:
            if other.get(atom, 0) * c > 0:
                shared = gcd(c, other[atom])
                rest = form * (abs(other[atom]) // shared) - fact * (abs(c) // shared)
                # A positive multiple of the form is at least `rest`; more than -1 times the factor is enough, as it is whole.
                slack = abs(other[atom]) // shared - 1
                if _never_negative(rest + constant(slack), known, [*facts[:k], *facts[k + 1 :]], depth - 1):
                    return True
    return False


def _in_range(form: Linear, known: Known) -> bool:
    """Whether the ranges of axes alone say that a form is at least 0: as a fact it would say nothing."""
    low = bounds(form, known)[0]
    return low is not None and provably_le(Extent(), low)


def _of_quotients(forms: Sequence[Linear]) -> list[Linear]:
    found: list[Linear] = []
    for form in forms:
        for _, atom in form.terms:
            match atom:
                case Call(function="floor_divide", arguments=(dividend, Const(value=divisor))) if divisor > 0:
                    scaled = Linear(terms=((int(divisor), atom),))
                    found += [linear(dividend) - scaled, scaled + constant(int(divisor) - 1) - linear(dividend)]
                case _:
                    pass
    return list(dict.fromkeys(found))


def in_steps(computations: Sequence[Computation]) -> tuple[tuple[Computation, ...], tuple[Cycle, ...]]:
    """The computations so that each comes after those it reads, members of a circle in the order of one step; the cycles."""
    found = {c.name: c for c in computations}
    needs = needs_of(computations)
    order: list[str] = []
    cycles: list[Cycle] = []
    for part in components(needs):
        if len(part) == 1 and part[0] not in needs[part[0]]:
            order.append(part[0])
            continue
        cycle = _ordered(part, _links(part, found), (), found)
        if cycle is None:
            raise InternalError(f"computations {', '.join(part)} depend on each other in no order of steps")
        order += cycle.tensors()
        cycles.append(cycle)
    return tuple(found[name] for name in order), tuple(cycles)


def _links(names: Sequence[str], found: Mapping[str, Computation]) -> list[Link]:
    dimensions = {name: {axis.name: d for d, axis in enumerate(found[name].axes)} for name in names}
    return [
        Link(consumer=name, producer=access.tensor, access=access, dimensions=dimensions[access.tensor])
        for name in names
        for access in accesses(found[name])
        if access.tensor in dimensions
    ]


def _ordered(
    names: Sequence[str], links: Sequence[Link], taken: tuple[str, ...], found: Mapping[str, Computation]
) -> Cycle | None:
    common = frozenset.intersection(*(frozenset(a.name for a in found[name].axes) for name in names))
    for axis in (a.name for a in found[names[0]].axes if a.name in common and a.name not in taken):
        if not all(link.at_least(axis, 0) for link in links):
            continue
        left = [link for link in links if not link.at_least(axis, 1)]
        if len(left) == len(links):
            continue
        needs = {name: [link.producer for link in left if link.consumer == name] for name in names}
        members: list[str | Cycle] = []
        for part in components(needs):
            inner = [link for link in left if link.consumer in part and link.producer in part]
            below = _ordered(part, inner, (*taken, axis), found) if inner else None
            if inner and below is None:
                break
            members.append(below or part[0])
        else:
            return Cycle(axis=axis, members=tuple(members))
    return None
