# SPDX-License-Identifier: Apache-2.0
"""The part of a loop's range that somebody needs: reductions say so by their conditions, of what they read as of themselves.

Before:  for k in 0 .. n:  S[k] = ...                 m = max[k](S[k], where=k <= q)      with q in q_block + 0 .. 64
After:   for k in 0 .. q_block + 64:  S[k] = ...
Because: under a causal mask half of the blocks are empty. What no reader asks for need not be made, as long as all of them
are in the same loops. Blocks stay where they are: the part is one of whole blocks, or ends with the range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.computation import Graph
from unrut.emitter.graph.linear import Linear, call, constant, expression, linear
from unrut.emitter.lower.bounds import cut
from unrut.emitter.lower.loops import Sites
from unrut.emitter.lower.regions import larger, smaller
from unrut.emitter.lower.site import Context, Piece, Site, narrowed
from unrut.program.nodes import Expr
from unrut.program.walk import reads

Around = Mapping[str, Site]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """From `first` to before `last`, counted from where the span begins."""

    first: Linear
    last: Linear


def reached(
    graph: Graph, sites: Sites, axes: tuple[str, ...], around: Around, context: Context, depth: int
) -> tuple[Sites, Context, bool]:
    """The sites that share a loop with what anybody needs of its range, and whether that is a number of whole blocks for sure.

    `around`: all sites of the kernel by name, each as far as it goes along.
    """
    if not any(_conditions(site) for site in around.values()):
        return sites, context, False
    over = sites[0].entry.loops[depth]
    if over.rest:  # blocks of two sizes, which say where they lie by the whole range
        return sites, context, False
    block = over.block
    run = frozenset(site.computation.name for site in sites)
    whole = Reach(first=constant(0), last=sites[0].spans[axes[0]].size)
    found: Reach | None = None
    for site, axis in zip(sites, axes, strict=True):
        one = _needed(graph, site, axis, around, context, run)
        if one is None or one == whole:
            return sites, context, False
        found = one if found is None else _hull(found, one, context)
    assert found is not None
    first, last = found.first, smaller(found.last, whole.last, context.known)
    even = whole.last.is_number and whole.last.constant.value() % block == 0
    if block > 1:
        first, last = _down(first, block), _down(last + constant(block - 1), block)
        last = last if even else smaller(last, whole.last, context.known)
    if (first, last) == (whole.first, whole.last):
        return sites, context, False
    last = larger(last, first, context.known)
    known, parts = context.known, []
    for site, axis in zip(sites, axes, strict=True):
        part, known = narrowed(site, axis, known, Piece(first=first, size=last - first))
        parts.append(part)
    return tuple(parts), context.learn(known), even


def _needed(graph: Graph, site: Site, axis: str, around: Around, context: Context, run: frozenset[str]) -> Reach | None:
    """What is needed of a site along one of its axes; None if that isn't known to be less than everything.

    A reader outside of the `run` that shares the loop goes on in blocks of its own.
    """
    name = site.computation.name
    if any(reduced.name == axis for reduced in site.computation.reduced):
        return _asked(site, axis, context, graph.names())
    free = [a.name for a in site.computation.axes]
    if name in graph.kept or graph.cycle_of(name) is not None or graph.updates(name):
        return None
    found: Reach | None = None
    for consumer in graph.consumers(name):
        other = around.get(consumer.name)
        places = {a.aligned(free.index(axis)) for a in accesses(consumer) if a.tensor == name}
        theirs = places.pop() if len(places) == 1 else None
        if other is None or theirs is None or other.spans[theirs].base != site.spans[axis].base:
            return None
        one = _needed(graph, other, theirs, around, context, run)
        if one is not None and consumer.name not in run and theirs in [a.name for a in consumer.axes]:
            one = _in_blocks(other, theirs, one)
        if one is None:
            return None
        found = one if found is None else _hull(found, one, context)
    return found


def _asked(site: Site, axis: str, context: Context, made: frozenset[str]) -> Reach | None:
    """The part of a reduced axis that its conditions leave."""
    pending = _conditions(site)
    if any(read.tensor in made for condition in pending for read in reads(condition)):
        return None  # what is read to know what is needed
    pieces = cut(site, axis, pending, context, residues=False).pieces if pending else ()
    if not pieces:
        return None
    return Reach(first=pieces[0].first, last=pieces[-1].first + pieces[-1].size)


def _in_blocks(site: Site, axis: str, reach: Reach) -> Reach | None:
    """What a site goes through to have a part of an axis; None for all of it."""
    limit = site.spans[axis].limit
    size = limit.value() if limit.is_fixed else None
    if any(over.rest for over in site.entry.loops if over.axis == axis):
        return None
    blocks = [over.block for over in site.entry.loops if over.axis == axis and (size is None or over.block < size)]
    if not blocks:
        return None
    return Reach(first=_down(reach.first, blocks[0]), last=_down(reach.last + constant(blocks[0] - 1), blocks[0]))


def _conditions(site: Site) -> tuple[Expr, ...]:
    return site.computation.reduction.where if site.computation.reduction is not None else ()


def _hull(one: Reach, other: Reach, context: Context) -> Reach:
    return Reach(first=smaller(one.first, other.first, context.known), last=larger(one.last, other.last, context.known))


def _down(form: Linear, block: int) -> Linear:
    """The multiple of a block at or before a place."""
    if block == 1:
        return form
    if form.is_number:
        return constant(form.constant.value() // block * block)
    return linear(call("floor_divide", expression(form), expression(constant(block)))) * block
