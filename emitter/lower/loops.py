# SPDX-License-Identifier: Apache-2.0
"""Open spans: loops over single places, over blocks with their tails, and the innermost loops of a tile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from unrut.emitter.graph.linear import Linear, axis_value, call, constant, expression, linear
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.ranges import Known, bounds
from unrut.emitter.graph.simplify import TRUE
from unrut.emitter.lower.bounds import Residue
from unrut.emitter.lower.site import Context, Site, Span, moved
from unrut.emitter.nest import Declare, Guard, Loop, LoopKind, Node
from unrut.emitter.schedule.plan import LoopOver
from unrut.program.extents import Extent
from unrut.program.nodes import Const, Expr
from unrut.program.types import DType

UNROLL = 16  # loops of at most this many iterations inside a tile are written out

Sites = tuple[Site, ...]
Body = Callable[[Sites, Context], tuple[Node, ...]]


def with_value(
    sites: Sites, axes: tuple[str, ...], context: Context, value: Linear, size: Linear, most: int | None = None
) -> tuple[Sites, Context]:
    """Every site's axis now begins at `value` and has `size` places, never more than `most`; facts move along."""
    known, found = context.known, []
    for site, axis in zip(sites, axes, strict=True):
        span = site.spans[axis]
        single = size == constant(1)
        now = value if single else value + axis_value(span.variable)
        known = moved(known, span.variable, now - span.base)
        limit = size.constant if not size.terms else span.limit
        if most is not None and not limit.is_fixed:
            limit = Extent(constant=most)
        if not single:
            known = known.with_axis(span.variable, 0, limit - 1)
            if size.terms:
                known = known.with_facts(size - axis_value(span.variable) - constant(1))
        found.append(site.with_span(axis, Span(base=value, size=size, limit=limit, variable=span.variable)))
    return tuple(found), context.learn(known)


def ranged(known: Known, variable: str, start: Linear, stop: Linear) -> Known:
    """Knowledge with a loop variable from `start` to `stop`."""
    known = known.with_axis(variable, bounds(start, known)[0], bounds(stop - constant(1), known)[1])
    value = axis_value(variable)
    return known.with_facts(*(f for f in (value - start, stop - constant(1) - value) if not f.is_number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A loop to be made: the axis that each site has at this depth, what stands inside, and how it is noted."""

    sites: Sites
    axes: tuple[str, ...]
    context: Context
    names: Names
    body: Body
    note: str
    kind: LoopKind = LoopKind.serial
    blocks: bool = False
    """Whether the axis has whole blocks alone, though its size is no number."""

    @property
    def span(self) -> Span:
        return self.sites[0].spans[self.axes[0]]

    def at(self, context: Context, value: Linear, size: Linear, most: int | None = None) -> tuple[Sites, Context]:
        return with_value(self.sites, self.axes, context, value, size, most)

    def inside(self, value: Linear, size: Linear) -> tuple[Node, ...]:
        """The body for a part of the axis, without a loop."""
        return self.body(*self.at(self.context, value, size))


def opened(loop: Opening, block: int, rest: int = 0) -> tuple[Node, ...]:
    """The loop or loops over an axis, place by place or in blocks.

    Blocks: a main loop of whole blocks, then the tail once with what is left, or with `rest` a loop of such blocks; a tail
    of no place runs no loop inside.
    """
    span = loop.span
    if block == 1:
        return _places(loop)
    if rest:
        return _even_blocks(loop, block, rest)
    if not span.size.terms and span.size.constant.is_fixed:
        return _fixed_blocks(loop, block)
    if loop.blocks:
        return _block_loop(loop, span.base + span.size, block)
    left = linear(call("remainder", expression(span.size), expression(constant(block))))
    stop = span.base + span.size - left
    nodes = _block_loop(loop, stop, block)
    sites, tail = loop.at(loop.context, stop, left, block - 1)
    some = call("greater", expression(left), expression(constant(0)), dtype=DType.bool)
    last = loop.body(sites, tail.learn(tail.known.with_facts(left - constant(1))))
    return side_by_side((nodes, guarded(some, last, loop.note)), loop.note)


def _places(loop: Opening) -> tuple[Node, ...]:
    span = loop.span
    if span.size == constant(0):
        return ()
    if span.size == constant(1):
        return loop.inside(span.base, constant(1))
    variable = span.variable  # free now: a span of one place has no variable
    start, stop = span.base, span.base + span.size
    inner, after = loop.at(loop.context, axis_value(variable), constant(1))
    nodes = loop.body(inner, after.learn(ranged(after.known, variable, start, stop)).open(variable))
    if not nodes:
        return ()
    first, end = expression(start), expression(stop)
    return (Loop(axis=variable, start=first, stop=end, body=nodes, kind=loop.kind, note=loop.note),)


def strided(site: Site, axis: str, residue: Residue, context: Context, note: str, body: Body) -> tuple[Node, ...]:
    """The loop over those places of an axis that are in one residue class."""
    span = site.spans[axis]
    if span.size == constant(0):
        return ()
    skipped, stop = residue.skipped(), span.base + span.size
    value = axis_value(span.variable)
    inner, after = with_value((site,), (axis,), context, value, constant(1))
    known = ranged(after.known, span.variable, span.base, stop)
    nodes = body(inner, after.learn(known).open(span.variable))
    if not nodes:
        return ()
    start = expression(span.base + skipped)
    loop = Loop(axis=span.variable, start=start, stop=expression(stop), step=residue.modulus, body=nodes, note=note)
    return (loop,)


def _fixed_blocks(loop: Opening, block: int) -> tuple[Node, ...]:
    span = loop.span
    size = span.size.constant.value()
    if size <= 0:
        return ()
    if size <= block:
        return loop.inside(span.base, constant(size))
    rest = size % block
    stop = span.base + constant(size - rest)
    nodes = _block_loop(loop, stop, block)
    return side_by_side((nodes, loop.inside(stop, constant(rest))), loop.note) if rest else nodes


def _even_blocks(loop: Opening, block: int, rest: int) -> tuple[Node, ...]:
    """Blocks of two sizes, which come out even."""
    first, size = loop.span.base, loop.span.size.constant.value()
    counts = LoopOver(axis="", block=block, rest=rest).counts(size)
    assert counts is not None
    middle, last = first + constant(counts[0] * block), first + constant(size)
    nodes = _block_loop(loop, middle, block) if counts[0] else ()
    return side_by_side((nodes, _block_loop(loop, last, rest, middle) if counts[1] else ()), loop.note)


def _block_loop(loop: Opening, stop: Linear, block: int, begin: Linear | None = None) -> tuple[Node, ...]:
    start = loop.span.base if begin is None else begin
    if stop - start == constant(block):
        return loop.inside(start, constant(block))
    variable = loop.names.fresh(f"{loop.axes[0]}_block")
    known = ranged(loop.context.known, variable, start, stop - constant(block - 1))
    context = loop.context.learn(known).open(variable)
    nodes = loop.body(*loop.at(context, axis_value(variable), constant(block)))
    loop.names.taken.discard(variable)
    if not nodes:
        return ()
    first, end = expression(start), expression(stop)
    return (Loop(axis=variable, start=first, stop=end, step=block, body=nodes, note=loop.note),)


def guarded(condition: Expr, nodes: tuple[Node, ...], note: str) -> tuple[Node, ...]:
    """The nodes under a condition; nothing for no nodes."""
    return (Guard(condition=condition, body=nodes, note=note),) if nodes else ()


def side_by_side(chunks: Iterable[tuple[Node, ...]], note: str) -> tuple[Node, ...]:
    """Chunks of one body in sequence; those that declare registers get a block of their own, as names may repeat."""
    filled = [chunk for chunk in chunks if chunk]
    if len(filled) < 2:
        return filled[0] if filled else ()
    nodes: list[Node] = []
    for chunk in filled:
        declares = any(isinstance(node, Declare) for node in chunk)
        nodes += (Guard(condition=TRUE, body=chunk, note=note),) if declares else chunk
    return tuple(nodes)


def _is_open(node: Node) -> bool:
    """Whether a vector loop in a tile ends at run time: then nothing stays in registers, and each copy has loops of its own."""
    match node:
        case Loop(kind=LoopKind.vector, stop=stop):
            return not isinstance(stop, Const)
        case Loop(body=body):
            return any(map(_is_open, body))
        case _:
            return False


def tile_loops(
    site: Site,
    axes: tuple[str, ...],
    context: Context,
    note: str,
    body: Callable[[Context], tuple[Node, ...]],
    *,
    unroll: int = UNROLL,
) -> tuple[Node, ...]:
    """The innermost loops over what is open of `axes`, outermost first; the lanes axis becomes the vector loop."""
    if not axes:
        return body(context)
    span = site.spans[axes[0]]
    if span.is_single:
        return tile_loops(site, axes[1:], context, note, body, unroll=unroll)
    nodes = tile_loops(site, axes[1:], context.open(span.variable), note, body, unroll=unroll)
    if not nodes:
        return ()
    kind = LoopKind.serial
    if axes[0] == site.entry.lanes:
        kind = LoopKind.vector
    elif span.size.is_number and span.size.constant.value() <= unroll and not any(map(_is_open, nodes)):
        kind = LoopKind.unrolled
    return (
        Loop(
            axis=span.variable,
            start=expression(constant(0)),
            stop=expression(span.size),
            body=nodes,
            kind=kind,
            note=note,
        ),
    )
