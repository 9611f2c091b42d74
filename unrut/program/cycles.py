# SPDX-License-Identifier: Apache-2.0
"""Tensors that depend on each other, and in which order they are computed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """Tensors that depend on each other, computed step by step along an ordered `axis`, which all their statements have.

    Within one step the members follow each other in this order. Every read inside the cycle is of an earlier step, or of
    the same one and a member before; an inner Cycle goes through an axis of its own within each step.
    """

    axis: str
    members: tuple[str | Cycle, ...]

    def tensors(self) -> tuple[str, ...]:
        """All members, in the order of one step."""
        return tuple(name for m in self.members for name in (m.tensors() if isinstance(m, Cycle) else (m,)))

    def paths(self) -> dict[str, tuple[str, ...]]:
        """The axes that each member goes through step by step, outermost first."""
        found: dict[str, tuple[str, ...]] = {}
        for member in self.members:
            inner = member.paths() if isinstance(member, Cycle) else {member: ()}
            found |= {name: (self.axis, *path) for name, path in inner.items()}
        return found


def components(needs: Mapping[str, Collection[str]]) -> tuple[tuple[str, ...], ...]:
    """The strongly connected components of what needs what, each after those that it needs.

    Ties, and the members of one component, keep the order of `needs`; names that it does not hold are left out.
    Source: Tarjan 1972, "Depth-first search and linear graph algorithms", without recursion.
    """
    place = {name: k for k, name in enumerate(needs)}
    roots = _roots(needs)
    joined: dict[str, set[str]] = {}
    members: dict[str, list[str]] = {}
    for name in needs:
        members.setdefault(roots[name], []).append(name)
    for name, wanted in needs.items():
        first = members[roots[name]][0]
        others = {members[roots[other]][0] for other in wanted if other in place}
        joined.setdefault(first, set()).update(others - {first})
    return tuple(tuple(members[roots[first]]) for first in topological(joined))


def _roots(needs: Mapping[str, Collection[str]]) -> dict[str, str]:
    """For each name one that stands for its component."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    root: dict[str, str] = {}
    open_names: list[str] = []
    for start in needs:
        if start in number:
            continue
        path = [(start, iter(needs[start]))]
        number[start] = low[start] = len(number)
        open_names.append(start)
        while path:
            name, left = path[-1]
            following = next((other for other in left if other in needs and other not in root), None)
            if following is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[name])
                if low[name] == number[name]:
                    while name not in root:
                        root[open_names.pop()] = name
            elif following in number:
                low[name] = min(low[name], number[following])
            else:
                number[following] = low[following] = len(number)
                open_names.append(following)
                path.append((following, iter(needs[following])))
    return root


def topological(needs: Mapping[str, Collection[str]]) -> list[str]:
    """Names so that each comes after those that it needs, the first possible one first; none of a circle or behind one."""
    place = {name: k for k, name in enumerate(needs)}
    missing = {name: {other for other in needed if other in needs} for name, needed in needs.items()}
    needed_by: dict[str, list[str]] = {}
    for name, others in missing.items():
        for other in others:
            needed_by.setdefault(other, []).append(name)
    ready = [(place[name], name) for name, others in missing.items() if not others]
    ordered = []
    while ready:
        name = heappop(ready)[1]
        ordered.append(name)
        for waiting in needed_by.get(name, ()):
            missing[waiting].discard(name)
            if not missing[waiting]:
                heappush(ready, (place[waiting], waiting))
    return ordered
