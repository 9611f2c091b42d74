# SPDX-License-Identifier: Apache-2.0
"""The loops that go through cycles step by step, and how many of them each member has in common with the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unrut.program.cycles import Cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """A member of a cycle: its ordered axes, outermost first, and how many of these loops run on from the member before."""

    name: str
    axes: tuple[str, ...]
    common: int


def stepped(cycle: Cycle) -> tuple[Stepped, ...]:
    """The members in the order of one step. Inner cycles are loops of their own, also where their axes have one name."""
    return tuple(_members(cycle, (cycle.axis,), 0))


def _members(cycle: Cycle, axes: tuple[str, ...], common: int) -> Iterator[Stepped]:
    for member in cycle.members:
        if isinstance(member, Cycle):
            yield from _members(member, (*axes, member.axis), common)
        else:
            yield Stepped(name=member, axes=axes, common=common)
        common = len(axes)
