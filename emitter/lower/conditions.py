# SPDX-License-Identifier: Apache-2.0
"""Conditions of a reduction that no loop bound takes care of: tested as far outside as their variables allow."""

from __future__ import annotations

from unrut.emitter.graph.simplify import FALSE, TRUE, simplify
from unrut.emitter.lower.loops import guarded
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.nest import Node
from unrut.program.nodes import Expr
from unrut.program.walk import free_axes, reads


def settled(
    site: Site, pending: tuple[Expr, ...], context: Context, memory: Memory
) -> tuple[tuple[Expr, ...], Context, tuple[Expr, ...]]:
    """Conditions that can be tested here (every variable is a loop already), the knowledge under them, and the rest.

    A condition that reads is not moved before an earlier one that can't be tested yet: that may protect its reads.
    """
    ready: list[Expr] = []
    later: list[Expr] = []
    known = context.known
    for condition in pending:
        placed = simplify(site.place(condition), known)
        if placed == TRUE:
            continue
        protected = bool(later) and next(reads(placed), None) is not None
        if placed == FALSE or (not protected and free_axes(placed) <= context.opened):
            ready.append(memory.value(site, condition, known))
            known = known.given(placed)
        else:
            later.append(condition)
    return tuple(ready), context.learn(known), tuple(later)


def nested(conditions: tuple[Expr, ...], nodes: tuple[Node, ...], note: str) -> tuple[Node, ...]:
    """The nodes under several conditions, the first outermost: a later one is evaluated only where the earlier ones hold."""
    for condition in reversed(conditions):
        nodes = guarded(condition, nodes, note)
    return nodes
