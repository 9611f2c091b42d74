# SPDX-License-Identifier: Apache-2.0
"""Lower one update inside its outer loops: its conditions as far outside as they can be tested, then the change.

for e:  if 0 <= seg[e] < n:  for f (lanes):  out[seg[e], f] += x[e, f]
"""

from __future__ import annotations

from unrut.emitter.graph.computation import Update
from unrut.emitter.graph.simplify import FALSE
from unrut.emitter.lower.conditions import nested, settled
from unrut.emitter.lower.loops import tile_loops
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.nest import Accumulate, Node, Store
from unrut.program.nodes import Expr


def update_nodes(
    site: Site, update: Update, axes: tuple[str, ...], context: Context, memory: Memory
) -> tuple[Node, ...]:
    """Everything that is left of a site whose open axes are `axes`, outermost first."""
    return _nodes(site, update, axes, update.where, context, memory)


def _nodes(
    site: Site, update: Update, axes: tuple[str, ...], pending: tuple[Expr, ...], context: Context, memory: Memory
) -> tuple[Node, ...]:
    ready, context, pending = settled(site, pending, context, memory)
    note = site.computation.statement
    if FALSE in ready:
        return ()
    if ready:
        return nested(ready, _nodes(site, update, axes, pending, context, memory), note)
    if axes:
        return tile_loops(
            site, axes[:1], context, note, lambda inner: _nodes(site, update, axes[1:], pending, inner, memory)
        )
    value = memory.value(site, site.computation.body, context.known)
    places = tuple(memory.value(site, place, context.known) for place in update.places)
    subscripts = memory.subscripts(update.target, places)
    if update.function == "store":
        return (Store(buffer=update.target, subscripts=subscripts, value=value, note=note),)
    return (Accumulate(buffer=update.target, subscripts=subscripts, function=update.function, value=value, note=note),)
