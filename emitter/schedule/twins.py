# SPDX-License-Identifier: Apache-2.0
"""Folds that differ only in what they finish with run in one's loops, on its states.

Before:  mean: loops i; reduce j             var: loops k; reduce l; share 0
After:   mean: loops i; reduce j             var: loops k; reduce l; share 1
Because: lowering makes one loop over the domain of neighbours that are the same fold, with the states of both.
"""

from __future__ import annotations

from collections.abc import Sequence

from unrut.emitter.graph.computation import Computation
from unrut.emitter.graph.folds import joined
from unrut.emitter.schedule.groups import Group
from unrut.emitter.schedule.plan import Entry, LoopOver


def twins(found: Sequence[Group]) -> dict[str, tuple[Computation, ...]]:
    """For folds that are alone in their kernels, by name, those of other kernels that can run in theirs."""
    alone = [group.members[0] for group in found if len(group.members) == 1 and group.cycle is None]
    chosen: dict[str, tuple[Computation, ...]] = {}
    taken: set[str] = set()
    for k, first in enumerate(alone):
        if first.name in taken:
            continue
        whole, others = first, list[Computation]()
        for second in alone[k + 1 :]:
            both = joined(whole, second)
            if both is not None and second.name not in taken:
                whole, others = both, [*others, second]
                taken.add(second.name)
        if others:
            chosen[first.name] = tuple(others)
    return chosen


def twin_entry(entry: Entry, first: Computation, second: Computation) -> Entry:
    """The entry of a fold in the loops of its twin, of which there is at least one."""
    axes, others = (*first.axes, *first.reduced), (*second.axes, *second.reduced)
    names = {a.name: b.name for a, b in zip(axes, others, strict=True)}
    return Entry(
        computation=second.name,
        loops=tuple(LoopOver(axis=names[over.axis], block=over.block) for over in entry.loops),
        tile=tuple(names[axis] for axis in entry.tile),
        reduce=tuple(LoopOver(axis=names[over.axis], block=over.block) for over in entry.reduce),
        lanes=names.get(entry.lanes, ""),
        share=len(entry.loops),
        reasons=(f"the same fold as {entry.computation}, finished otherwise",),
    )
