# SPDX-License-Identifier: Apache-2.0
"""In which order tensors that depend on each other can be computed.

An axis that all of them have, by name, can be taken step by step if every read among them is of the same step or an
earlier one: the place that is read along the axis is at most the axis' value, as far as ranges and guards prove. Reads
that are proved to be of an earlier step are settled by it. What is left must be in order within each step: without
circles, or by a further axis for those that are in one.

Any axis that fits may be taken first, so the first in the order of the left side is: what is left to settle only
becomes less, and an order that settled it before still does.
Source: Allen, Kennedy 1987, "Automatic translation of Fortran programs to vector form", section 5 (loop levels).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from unrut.errors import NotationError, UnrutError
from unrut.language.declarations import at
from unrut.language.guards import Guard
from unrut.language.inside import Guarded, guarded_reads, never_above
from unrut.program.affine import Affine, affine
from unrut.program.cycles import Cycle, components
from unrut.program.extents import Extent
from unrut.program.nodes import Along, Expr, OutsideMode, Read, Role, Statement
from unrut.program.walk import subexpressions
from unrut.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One read inside a circle; `lines` are the axes of functions along a line around it, which go through all places."""

    consumer: Statement
    producer: Statement
    guarded: Guarded
    lines: frozenset[str]

    def never_later(self, axis: str, steps: int, before: Mapping[str, tuple[int, ...]]) -> bool:
        """Whether the read is proved to be at least this many steps of an axis before the place that needs it."""
        if axis in self.lines:
            return False
        dimension = [a.name for a in self.producer.axes].index(axis)
        read = self.guarded.read
        form = affine(read.subscripts[dimension])
        if form is None:
            return False
        if isinstance(read.outside, OutsideMode):  # it reads elsewhere than the subscript says, unless that is inside
            reach = before.get(read.tensor, (0,) * len(read.subscripts))[dimension]
            if not never_above(self.guarded, form * -1, Extent(constant=reach)):
                return False
        return never_above(self.guarded, form - Affine(terms=((1, axis),)), Extent(constant=-steps))


def find_cycles(
    statements: Sequence[Statement],
    circles: Sequence[tuple[str, ...]],
    before: Mapping[str, tuple[int, ...]],
    errors: list[UnrutError],
) -> tuple[Cycle, ...]:
    """A Cycle for each circle of tensors (by their defining statements), or an error that says which read is not earlier."""
    defining = {statement.target: statement for statement in statements if statement.role is Role.defines}
    found: list[Cycle] = []
    for circle in circles:
        edges = [edge for name in circle for edge in _edges(defining[name], {n: defining[n] for n in circle})]
        cycle = _ordered(circle, edges, (), defining, before)
        if cycle is None:
            errors.append(_no_order(circle, edges, defining, before))
        else:
            found.append(cycle)
    return tuple(found)


def _edges(consumer: Statement, members: Mapping[str, Statement]) -> Iterator[Edge]:
    lines = _lines(consumer.body)
    for guarded in guarded_reads(consumer.body, {a.name: a.extent for a in consumer.axes}, Guard()):
        if guarded.read.tensor in members:
            producer = members[guarded.read.tensor]
            around = lines.get(id(guarded.read), frozenset())
            yield Edge(consumer=consumer, producer=producer, guarded=guarded, lines=around)


def _lines(body: Expr) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for part in subexpressions(body):
        if isinstance(part, Along):
            for inner in subexpressions(part.body):
                if isinstance(inner, Read):
                    found[id(inner)] = found.get(id(inner), frozenset()) | {part.axis.name}
    return found


def _ordered(
    names: Sequence[str],
    edges: Sequence[Edge],
    taken: tuple[str, ...],
    defining: Mapping[str, Statement],
    before: Mapping[str, tuple[int, ...]],
) -> Cycle | None:
    for axis in _shared(names, defining, taken):
        if not all(edge.never_later(axis, 0, before) for edge in edges):
            continue
        left = [edge for edge in edges if not edge.never_later(axis, 1, before)]
        if len(left) == len(edges):
            continue
        members: list[str | Cycle] = []
        for part in components(_needs(names, left)):
            inner = [e for e in left if e.consumer.target in part and e.producer.target in part]
            below = _ordered(part, inner, (*taken, axis), defining, before) if inner else None
            if inner and below is None:
                break
            members.append(below or part[0])
        else:
            return Cycle(axis=axis, members=tuple(members))
    return None


def _needs(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, list[str]]:
    return {name: [e.producer.target for e in edges if e.consumer.target == name] for name in names}


def _shared(names: Sequence[str], defining: Mapping[str, Statement], taken: tuple[str, ...]) -> list[str]:
    """The axes that all of some tensors have and that are not taken yet, in the order of the first one's left side."""
    common = frozenset.intersection(*(frozenset(a.name for a in defining[name].axes) for name in names))
    return [a.name for a in defining[names[0]].axes if a.name in common and a.name not in taken]


def _no_order(
    circle: Sequence[str],
    edges: Sequence[Edge],
    defining: Mapping[str, Statement],
    before: Mapping[str, tuple[int, ...]],
) -> NotationError:
    """The error for a circle: which read is not earlier along the axis that comes closest."""
    axes = _shared(circle, defining, ())
    if not axes:
        return circle_error(circle, _needs(circle, edges), {name: defining[name].span for name in circle})
    later = {axis: [edge for edge in edges if not edge.never_later(axis, 0, before)] for axis in axes}
    axis = min(axes, key=lambda name: len(later[name]))
    if not later[axis]:
        return _same_step(circle, edges, axis, before)
    found = later[axis][0]
    read, target = found.guarded.read, found.consumer.target
    dimension = [a.name for a in found.producer.axes].index(axis)
    form = affine(read.subscripts[dimension])
    place = f"at `{form}`" if form is not None else "at a computed place"
    if axis in found.lines:
        place = "along all its places"
    return NotationError(
        f"{_needs_text(circle, _needs(circle, edges))}, and `{target}` reads `{read.tensor}` {place}, which is not proved "
        f"to be an earlier step of `{axis}`",
        places=at(read.span, f"not proved to be before `{axis}`"),
        remedy=_remedy(read, axis),
    )


def _remedy(read: Read, axis: str) -> str:
    if isinstance(read.outside, OutsideMode):
        return f"a value outside, {read.tensor}.outside(0)[...]: the mode reads a later place where `{axis}` begins"
    return f"{axis} - 1 in place of it, a guard such as where=s < {axis}, or an axis that counts the other way"


def _same_step(
    circle: Sequence[str], edges: Sequence[Edge], axis: str, before: Mapping[str, tuple[int, ...]]
) -> NotationError:
    """The error for tensors that need each other within one step."""
    left = [edge for edge in edges if not edge.never_later(axis, 1, before)]
    inner = next(
        part
        for part in components(_needs(circle, left))
        if any(e.consumer.target in part and e.producer.target in part for e in left)
    )
    between = [e for e in left if e.consumer.target in inner and e.producer.target in inner]
    return NotationError(
        f"{_needs_text(inner, _needs(inner, between))}, all in the same step of `{axis}`",
        places=[place for e in between for place in at(e.guarded.read.span, f"not an earlier step of `{axis}`")],
        remedy=f"{axis} - 1 in one of them, the step before",
    )


def circle_error(
    circle: Sequence[str], needs: Mapping[str, Sequence[str]], spans: Mapping[str, Span | None]
) -> NotationError:
    """The error for tensors in a circle that no axis could order."""
    places = [place for name in circle for place in at(spans[name])]
    return NotationError(
        _needs_text(circle, needs),
        places=places,
        remedy="an axis that all of them have, along which each reads earlier places: h[t] = f(h[t - 1])",
    )


def _needs_text(circle: Sequence[str], needs: Mapping[str, Sequence[str]]) -> str:
    path = [circle[0]]
    while True:
        following = next(name for name in sorted(needs[path[-1]]) if name in circle)
        if following in path:
            names = [*path[path.index(following) :], following]
            return f"tensors depend on each other in a circle: {' needs '.join(f'`{name}`' for name in names)}"
        path.append(following)
