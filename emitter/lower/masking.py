# SPDX-License-Identifier: Apache-2.0
"""Terms under conditions of single lanes, combined without branches.

Before:  vector for q:  guard k <= q:  acc[q] += term
After:   vector for q:  t = term;  acc[q] += where(k <= q, t, -0.0)
Because: all lanes do the same. What is combined elsewhere changes nothing: x + -0.0 is x for every x. The term is computed
where it isn't asked for, so its reads must not need the conditions, and it must not be able to fail.
"""

from __future__ import annotations

from dataclasses import replace

from unrut.emitter.graph.laws import identity, law
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.nest import Accumulate, Declare, Node, Store
from unrut.program.nodes import Expr, Read, ReduceKind, Where
from unrut.program.walk import free_axes


def masked(
    site: Site,
    conditions: tuple[Expr, ...],
    context: Context,
    memory: Memory,
    buffer: str,
    places: tuple[Expr, ...],
) -> tuple[Node, ...]:
    """The term of a reduction combined in all lanes; nothing where that can't be. `context` knows no condition."""
    computation, note = site.computation, site.computation.statement
    kind, dtype = None if computation.reduction is None else computation.reduction.kind, computation.body.dtype
    if not isinstance(kind, ReduceKind) or not law(kind).combine or not _may_mask(site, conditions, memory):
        return ()
    nothing = identity(kind, dtype)
    if kind is ReduceKind.sum:
        nothing = replace(nothing, value=-0.0)
    term = memory.register(f"{computation.name}_term", dtype, ())
    value: Expr = Read(tensor=term.name, subscripts=(), dtype=dtype)
    for condition in reversed(conditions):
        value = Where(condition=condition, then=value, otherwise=nothing, dtype=dtype)
    whole = memory.value(site, computation.body, context.known)
    return (
        Declare(buffer=term, note=note),
        Store(buffer=term.name, subscripts=(), value=whole, note=note),
        Accumulate(buffer=buffer, subscripts=places, function=law(kind).combine, value=value, note=note),
    )


def _may_mask(site: Site, conditions: tuple[Expr, ...], memory: Memory) -> bool:
    """Whether conditions are of single lanes, and the term may be computed elsewhere, too."""
    span = site.spans.get(site.entry.lanes)
    if span is None or span.is_single or not all(span.variable in free_axes(c) for c in conditions):
        return False
    return site.computation.body.dtype.is_float and memory.reads_anywhere(site)
