# SPDX-License-Identifier: Apache-2.0
"""Loops over axes that are no dimensions: some of their places may be no elements, and are left out as far outside as can be.

for c:  for l (lanes):  if 16*c + l < n:  y[16*c + l] = ...
"""

from __future__ import annotations

from collections.abc import Callable

from unrut.emitter.graph.simplify import FALSE
from unrut.emitter.lower.conditions import nested, settled
from unrut.emitter.lower.loops import UNROLL, tile_loops
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.nest import Node
from unrut.program.nodes import Expr


def placed_loops(
    site: Site,
    axes: tuple[str, ...],
    pending: tuple[Expr, ...],
    context: Context,
    memory: Memory,
    body: Callable[[Context], tuple[Node, ...]],
    *,
    unroll: int = UNROLL,
) -> tuple[Node, ...]:
    """The loops over what is open of `axes`, outermost first, around a body, where all of `pending` hold."""
    note = site.computation.statement
    ready, context, pending = settled(site, pending, context, memory)
    if FALSE in ready:
        return ()
    if ready:
        return nested(ready, placed_loops(site, axes, pending, context, memory, body, unroll=unroll), note)
    axes = tuple(axis for axis in axes if not site.spans[axis].is_single)
    if not axes:
        return body(context)

    def inside(inner: Context) -> tuple[Node, ...]:
        return placed_loops(site, axes[1:], pending, inner, memory, body, unroll=unroll)

    return tile_loops(site, axes[:1], context, note, inside, unroll=unroll)
