# SPDX-License-Identifier: Apache-2.0
"""Lower one update inside its outer loops: conditions as loop bounds, or tested as far outside as they can be, then the change.

for e:  if 0 <= seg[e] < n:  for f (lanes):  out[seg[e], f] += x[e, f]
"""

from __future__ import annotations

from collections.abc import Callable

from unrut.emitter.graph.computation import Update
from unrut.emitter.graph.ragged import owners
from unrut.emitter.graph.simplify import FALSE
from unrut.emitter.lower.bounds import cut
from unrut.emitter.lower.conditions import nested, settled
from unrut.emitter.lower.hoist import hoisted
from unrut.emitter.lower.loops import Opening, opened, side_by_side, tile_loops
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.site import Context, Site, narrowed
from unrut.emitter.nest import Accumulate, LoopKind, Node
from unrut.program.nodes import Expr

Reduced = Callable[[Site, Context], tuple[Node, ...]]


class UpdateLowering:
    """Lowers one site that changes a tensor; `reduced` lowers the reduction of one that stores its result."""

    def __init__(self, update: Update, memory: Memory, reduced: Reduced) -> None:
        self.update = update
        self.memory = memory
        self.reduced = reduced

    def nodes(self, site: Site, axes: tuple[str, ...], context: Context) -> tuple[Node, ...]:
        """Everything that is left of a site whose open axes are `axes`, outermost first."""
        return self._under(site, axes, self.update.where, context)

    def _under(
        self, site: Site, axes: tuple[str, ...], pending: tuple[Expr, ...], context: Context
    ) -> tuple[Node, ...]:
        """The same under conditions that nothing has taken care of yet."""
        variables, pending, context = hoisted(site, pending, context, self.memory)
        if variables:
            return (*variables, *self._under(site, axes, pending, context))
        ready, context, pending = settled(site, pending, context, self.memory)
        note = site.computation.statement
        if FALSE in ready:
            return ()
        if ready:
            return nested(ready, self._under(site, axes, pending, context), note)
        if axes and (axes[0] != site.entry.lanes or axes[0] in owners(self.update.where)):
            return self._loops(site, axes, pending, context)
        if axes:
            return tile_loops(site, axes[:1], context, note, lambda inner: self._under(site, axes[1:], pending, inner))
        return self.reduced(site, context) if site.computation.reduction is not None else self._change(site, context)

    def _loops(
        self, site: Site, axes: tuple[str, ...], pending: tuple[Expr, ...], context: Context
    ) -> tuple[Node, ...]:
        """The loops over one axis place by place, within the bounds that conditions leave."""
        found = cut(site, axes[0], pending, context, residues=False)
        note = site.computation.statement

        def body(sites: tuple[Site, ...], inner: Context) -> tuple[Node, ...]:
            return self._under(sites[0], axes[1:], found.pending, inner)

        chunks: list[tuple[Node, ...]] = []
        for piece in found.pieces:
            inner, known = narrowed(site, axes[0], context.known, piece)
            loop = Opening(
                sites=(inner,),
                axes=axes[:1],
                context=context.learn(known),
                names=self.memory.names,
                body=body,
                note=note,
                kind=LoopKind.vector if axes == (site.entry.lanes,) else LoopKind.serial,
            )
            chunks.append(opened(loop, 1))
        return side_by_side(chunks, note)

    def _change(self, site: Site, context: Context) -> tuple[Node, ...]:
        value = self.memory.value(site, site.computation.body, context.known)
        stored = self.memory.store(site, value, context.known)
        if self.update.function == "store":
            return (stored,)
        places, function, note = stored.subscripts, self.update.function, stored.note
        return (Accumulate(buffer=stored.buffer, subscripts=places, function=function, value=value, note=note),)
