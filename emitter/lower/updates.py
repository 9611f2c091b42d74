# SPDX-License-Identifier: Apache-2.0
"""Lower one update inside its outer loops: its conditions as far outside as they can be tested, then the change.

for e:  if 0 <= seg[e] < n:  for f (lanes):  out[seg[e], f] += x[e, f]
"""

from __future__ import annotations

from unrut.emitter.graph.computation import Update
from unrut.emitter.graph.ragged import owners
from unrut.emitter.graph.simplify import FALSE
from unrut.emitter.lower.bounds import cut
from unrut.emitter.lower.conditions import nested, settled
from unrut.emitter.lower.hoist import hoisted
from unrut.emitter.lower.loops import Opening, opened, side_by_side, tile_loops
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.site import Context, Site, narrowed
from unrut.emitter.nest import Accumulate, LoopKind, Node, Store
from unrut.program.nodes import Expr


def update_nodes(
    site: Site, update: Update, axes: tuple[str, ...], context: Context, memory: Memory
) -> tuple[Node, ...]:
    """Everything that is left of a site whose open axes are `axes`, outermost first."""
    return _nodes(site, update, axes, update.where, context, memory)


def _nodes(
    site: Site, update: Update, axes: tuple[str, ...], pending: tuple[Expr, ...], context: Context, memory: Memory
) -> tuple[Node, ...]:
    variables, pending, context = hoisted(site, pending, context, memory)
    if variables:
        return (*variables, *_nodes(site, update, axes, pending, context, memory))
    ready, context, pending = settled(site, pending, context, memory)
    note = site.computation.statement
    if FALSE in ready:
        return ()
    if ready:
        return nested(ready, _nodes(site, update, axes, pending, context, memory), note)
    if axes and (axes[0] != site.entry.lanes or axes[0] in owners(update.where)):
        return _loops(site, update, axes, pending, context, memory)
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


def _loops(
    site: Site, update: Update, axes: tuple[str, ...], pending: tuple[Expr, ...], context: Context, memory: Memory
) -> tuple[Node, ...]:
    """The loops over one axis place by place, within the bounds that conditions leave."""
    found = cut(site, axes[0], pending, context, residues=False)
    note = site.computation.statement

    def body(sites: tuple[Site, ...], inner: Context) -> tuple[Node, ...]:
        return _nodes(sites[0], update, axes[1:], found.pending, inner, memory)

    chunks: list[tuple[Node, ...]] = []
    for piece in found.pieces:
        inner, known = narrowed(site, axes[0], context.known, piece)
        loop = Opening(
            sites=(inner,),
            axes=axes[:1],
            context=context.learn(known),
            names=memory.names,
            body=body,
            note=note,
            kind=LoopKind.vector if axes == (site.entry.lanes,) else LoopKind.serial,
        )
        chunks.append(opened(loop, 1))
    return side_by_side(chunks, note)
