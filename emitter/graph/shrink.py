# SPDX-License-Identifier: Apache-2.0
"""Leave out what no result needs.

Before:  h[t, i] over t in 0..3, and one result that reads h[2, i]
After:   h[t, i] over t in 0..1, and the result reads h[0, i]: the tensor holds what was at t = 2
Because: an intermediate is computed for its readers only; domains shrink backward from the results.
Only fixed extents shrink; a dimension is narrowed to the box of all places that its readers may touch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.computation import Computation, Folded, behind, changes
from unrut.emitter.graph.linear import Linear, axis_value, constant, expression, linear
from unrut.emitter.graph.ranges import Known, bounds, range_known
from unrut.emitter.graph.simplify import simplify
from unrut.program.extents import Extent
from unrut.program.nodes import Axis, Expr, Read
from unrut.program.walk import children, rebuild, rename_axes

Box = tuple[tuple[int, int], ...]


def shrink(
    computations: tuple[Computation, ...], results: tuple[str, ...], whole: frozenset[str] = frozenset()
) -> tuple[Computation, ...]:
    """The computations that a result needs, each over the places that are read; those of cycles stay `whole`."""
    needed = behind(computations, set(results))
    kept: list[Computation] = []
    for computation in reversed(computations):
        if computation.name in whole:
            kept += [computation] if computation.name in needed else []
            continue
        name = computation.name if computation.update is None else computation.update.target
        readers = [c for c in kept if any(r.tensor == name for r in c.reads())]
        changed = any(changes(c, name) for c in kept)
        if name not in results and not readers and not changed:
            continue
        if name not in results and not changed and computation.update is None:
            box = _touched(computation, readers)
            if box != tuple((0, a.extent.value() - 1) if a.extent.is_fixed else (0, 0) for a in computation.axes):
                kept = [_reread(c, computation.name, box) for c in kept]
                computation = _narrowed(computation, box)
        kept.append(computation)
    return tuple(reversed(kept))


def _touched(computation: Computation, readers: list[Computation]) -> Box:
    """For each dimension the first and last place that is read; (0, 0) for those of run-time extent."""
    sides: list[tuple[int, int] | None] = [None] * len(computation.axes)
    for reader in readers:
        for access in accesses(reader):
            if access.tensor != computation.name:
                continue
            for d, form in enumerate(access.subscripts):
                sides[d] = _wider(sides[d], form, access.known, computation.axes[d].extent)
    return tuple(
        (0, 0) if not axis.extent.is_fixed else side or (0, axis.extent.value() - 1)
        for axis, side in zip(computation.axes, sides, strict=True)
    )


def _wider(side: tuple[int, int] | None, form: Linear, known: Known, extent: Extent) -> tuple[int, int] | None:
    if not extent.is_fixed:
        return side
    last = extent.value() - 1
    low, high = bounds(form, known)
    first = max(0, low.value()) if low is not None and low.is_fixed else 0
    final = min(last, high.value()) if high is not None and high.is_fixed else last
    if first > final:
        first, final = 0, last
    return (first, final) if side is None else (min(side[0], first), max(side[1], final))


def _narrowed(computation: Computation, box: Box) -> Computation:
    moved: dict[str, Expr] = {}
    axes: list[Axis] = []
    for axis, (first, last) in zip(computation.axes, box, strict=True):
        if axis.extent.is_fixed:
            axes.append(replace(axis, extent=Extent(constant=last - first + 1)))
            if first:
                moved[axis.name] = expression(axis_value(axis.name) + constant(first))
        else:
            axes.append(axis)
    changed = replace(computation, axes=tuple(axes))
    known = range_known(changed.extents())
    return rewritten(changed, lambda expr: simplify(rename_axes(expr, moved), known))


def _reread(computation: Computation, tensor: str, box: Box) -> Computation:
    def change(expr: Expr) -> Expr:
        parts = tuple(change(part) for part in children(expr))
        expr = rebuild(expr, parts) if parts else expr
        if isinstance(expr, Read) and expr.tensor == tensor:
            pairs = zip(expr.subscripts, box, strict=True)
            return replace(expr, subscripts=tuple(expression(linear(s) - constant(low)) for s, (low, _) in pairs))
        return expr

    return rewritten(computation, change)


def rewritten(computation: Computation, change: Callable[[Expr], Expr]) -> Computation:
    """The computation with each of its expressions changed."""
    reduction = computation.reduction
    if reduction is not None:
        initial = None if reduction.initial is None else change(reduction.initial)
        rank = None if reduction.rank is None else change(reduction.rank)
        where = tuple(change(w) for w in reduction.where)
        kind = reduction.kind
        if isinstance(kind, Folded):
            kind = replace(kind, others=tuple(map(change, kind.others)))
        reduction = replace(reduction, kind=kind, where=where, initial=initial, rank=rank)
    update = computation.update
    if update is not None:
        update = replace(update, places=tuple(map(change, update.places)), where=tuple(map(change, update.where)))
    return replace(computation, body=change(computation.body), reduction=reduction, update=update)
