# SPDX-License-Identifier: Apache-2.0
"""How much of every intermediate one element needs: a box around the places, by the ranges of subscripts.

Backwards from the element: a read `T[2*y + k]` with y = 3 and k < 5 needs T[6:11]. Computed subscripts need their whole
dimension, so do modes that bring back what is outside. Several reads of one tensor need the box around all of theirs.
Tensors that are filled in an order of their own, or that statements add to, are needed whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from unrut.program.nodes import Along, Expr, OutsideMode, Program, Read
from unrut.program.walk import children, in_order
from unrut.reference.affine import affine
from unrut.reference.places import Scene
from unrut.reference.recurrences import held_whole

Box: TypeAlias = dict[str, range]


def needed(program: Program, result: str, place: Mapping[str, int], scene: Scene) -> dict[str, Box]:
    """For every tensor that the program defines the ranges of its axes that an element of `result` needs."""
    defined = {s.target: s for s in program.defining()}
    stepwise = held_whole(program)
    boxes: dict[str, Box] = {}
    for target, statement in defined.items():
        if target in stepwise or program.changing(target):
            boxes[target] = scene.whole(statement.axes)
    own = {axis: range(k, k + 1) for axis, k in place.items()}
    boxes.setdefault(result, own)
    for name in dict.fromkeys(s.target for s in reversed(in_order(program))):
        if name not in boxes:
            boxes[name] = {axis.name: range(0) for axis in defined[name].axes}
        for statement in (defined[name], *program.changing(name)):
            ranges = boxes[name] if statement is defined[name] else scene.whole(statement.axes)
            for expr in statement.expressions():
                for read, inner in _reads(expr, ranges, scene):
                    if read.tensor in defined and read.tensor not in stepwise:
                        whole = scene.whole(defined[read.tensor].axes)
                        spans = [_span(read, d, len(r), inner, scene) for d, r in enumerate(whole.values())]
                        boxes[read.tensor] = _around(boxes.get(read.tensor), dict(zip(whole, spans, strict=True)))
    return boxes


def _around(one: Box | None, two: Box) -> Box:
    """The box around two; an empty one needs nothing."""
    if one is None or not all(map(len, one.values())):
        return two
    if not all(map(len, two.values())):
        return one
    return {a: range(min(r.start, two[a].start), max(r.stop, two[a].stop)) for a, r in one.items()}


def _reads(expr: Expr, ranges: Mapping[str, range], scene: Scene) -> Iterator[tuple[Read, dict[str, range]]]:
    """Every read with the ranges of the axes that are bound around it."""
    inner = dict(ranges)
    if isinstance(expr, Along):
        inner |= scene.whole((expr.axis,))
    inner |= scene.whole(getattr(expr, "axes", ()))
    if isinstance(expr, Read):
        yield expr, inner
    for part in children(expr):
        yield from _reads(part, inner, scene)


def _span(read: Read, d: int, n: int, ranges: Mapping[str, range], scene: Scene) -> range:
    """The places of one dimension that a read comes to, or more."""
    line = affine(read.subscripts[d], scene.sizes)
    if line is None:
        return range(n)
    used = {axis: ranges[axis] for axis in line.coefficients}
    if not all(map(len, used.values())):
        return range(0)
    low, high = line.span(used)
    if isinstance(read.outside, OutsideMode) and (low < 0 or high >= n):
        return range(n)
    return range(max(0, low), max(0, low, min(n, high + 1)))
