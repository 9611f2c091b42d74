# SPDX-License-Identifier: Apache-2.0
"""What sites have left to loop over, and the forms that decide where a range is split."""

from __future__ import annotations

from unrut.emitter.graph.linear import Linear, axis_value
from unrut.emitter.graph.ranges import Known
from unrut.emitter.graph.simplify import simplify
from unrut.emitter.lower.loops import Sites
from unrut.emitter.lower.regions import wanted
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.schedule.storage import Storage


def tile_of(site: Site, total: Storage | None = None) -> tuple[str, ...]:
    """The axes that a site's loops leave open, in the plan's order, then in the computation's; or those of its total."""
    if total is not None:
        return tuple(axis for axis, _ in total.dimensions if not site.spans[axis].is_single)
    order = [*site.entry.tile, *(a.name for a in site.computation.axes if a.name not in site.entry.tile)]
    return tuple(axis for axis in order if not site.spans[axis].is_single)


def unopened_of(sites: Sites, context: Context) -> frozenset[str]:
    """The variables of all sites that are no loops yet."""
    return frozenset(s.variable for site in sites for s in site.spans.values() if not s.is_single) - context.opened


def forms_of(sites: Sites, axes: tuple[str, ...], known: Known) -> list[Linear]:
    """The forms that the sites' expressions want to be at least 0, in the variable of the first site's axis."""
    found: list[Linear] = []
    lead = sites[0].spans[axes[0]].variable
    for site, axis in zip(sites, axes, strict=True):
        variable = site.spans[axis].variable
        for expr in site.computation.terms:
            for form in wanted(simplify(site.place(expr), known), known):
                c = form.coefficient(variable)
                moved = form.without(variable) + axis_value(lead) * c
                if moved not in found and (moved.axes() or not moved.is_number):
                    found.append(moved)
    return found
