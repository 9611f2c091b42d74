# SPDX-License-Identifier: Apache-2.0
"""Reductions that go on while their terms are made: accumulated from outside of the loop that they share with these.

Before:  S: loops q k/128      y: loops q k/128; reduce k      where y[q] = sum[k](S[q, k])
After:   total[..] = 0;   for k_block by 128:  S[..] = ...;  total[..] += sum of this block's S;     y[q] = total[..]
Because: what is made in the loop is read while it is near, and by all reductions over its places in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable

from unrut.emitter.graph.laws import law
from unrut.emitter.graph.linear import constant, expression, number
from unrut.emitter.lower.accumulators import Accumulators
from unrut.emitter.lower.loops import tile_loops
from unrut.emitter.lower.reductions import ReductionLowering
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.nest import Accumulate, Declare, Node, Space
from unrut.emitter.schedule.plan import total_depth
from unrut.program.nodes import Read


def begins_here(sites: Iterable[Site], depth: int) -> tuple[Site, ...]:
    """The sites whose totals go on in the loop at this depth, and are accumulated from outside of it on."""
    return tuple(site for site in sites if total_depth(site.computation, site.entry) == depth)


class TotalLowering(ReductionLowering):
    """Lowers one reduction that has a total."""

    def begin(self, site: Site, context: Context) -> tuple[Node, ...]:
        """The total with nothing in it, before the loop; the site's places are those around the loop."""
        self.memory.enter_total(site)
        target = self._total(site)
        declared = (Declare(buffer=target.buffer, note=self.note),) if target.buffer.space is Space.register else ()
        return (*declared, *self._start(site, context, target, None))

    def end(self, site: Site, context: Context) -> tuple[Node, ...]:
        """The result, after the loop."""
        return self._finish(site, context, self._total(site), None)

    def nodes(self, site: Site, context: Context) -> tuple[Node, ...]:
        """What the places that are left here add to the total."""
        total = self._total(site)
        if not site.entry.reduce:
            return self._reduce(site, (), self.reduction.where, context, total, None)
        return super().nodes(site, context)

    def _close(
        self, site: Site, context: Context, target: Accumulators, place: Accumulators | None
    ) -> tuple[Node, ...]:
        """What was accumulated here, combined with the total."""
        total, function = self._total(site), law(self.reduction.kind).combine

        def one(_: Context) -> tuple[Node, ...]:
            places = (*target.places, number(0)) if target.partial else target.places
            found = Read(tensor=target.buffer.name, subscripts=places, dtype=self.dtype)
            return (
                Accumulate(
                    buffer=total.buffer.name, subscripts=total.places, function=function, value=found, note=self.note
                ),
            )

        return tile_loops(site, self.tile, context, self.note, one)

    def _total(self, site: Site) -> Accumulators:
        buffer, base = self.memory.total(site)
        axes = [axis for axis, _ in self.memory.totals[site.computation.name].dimensions]
        places = tuple(expression(site.value(axis) - base.get(axis, constant(0))) for axis in axes)
        return Accumulators(buffer=buffer, places=places)
