# SPDX-License-Identifier: Apache-2.0
"""A whole program: its statements in order of need, whole or block by block along the axes that they share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unrut.program.cycles import Cycle
from unrut.program.nodes import Axis, Program, Statement
from unrut.program.walk import contributing, parts_of
from unrut.reference.binding import bind
from unrut.reference.blocks import HELD, KEPT, cuts
from unrut.reference.interpreter import Interpreter
from unrut.reference.needs import Box, needed
from unrut.reference.places import Array, Scene, Tensor
from unrut.reference.recomputing import recomputable, recomputed
from unrut.reference.recurrences import Allocate, Fill, fill_in_order, held_whole
from unrut.reference.sharing import Sharing, shared_axes


def evaluate(
    program: Program, arrays: Mapping[str, Array], scalars: Mapping[str, float] | None = None, *, every: bool = False
) -> dict[str, Array]:
    """The results of a program by name, or every tensor that it defines, in the dtypes of the program.

    Floating point is computed in f64 and each statement rounds its values once to its dtype; integers wrap. Array
    shapes give the run-time sizes.

    Beyond operands and results at most about 256 MB are held. Statements work in blocks of their outer axes. Of
    intermediates that would not fit only the part stands that a block of their readers needs; where readers don't go
    along the axes of an intermediate, it is computed again at every read. What can't be had in parts in either way is
    held whole, whatever its size: a reduction or softmax of which no reader shares an axis (`s` in
    `y[i] = sum[j](s[i, j]*s[j, i])`), a long chain of statements that each read the one before several times so, and
    what is computed step by step.

    Raises BindError where arrays don't fit, RangeError where a computed read leaves its tensor.
    """
    scene = bind(program, arrays, scalars or {})
    kept = [s.target for s in program.defining()] if every else list(program.results)
    interpreter = Interpreter()

    def allocate(statement: Statement, shape: tuple[int, ...]) -> Array:
        return np.empty(shape, statement.dtype.numpy)

    with np.errstate(all="ignore"):
        return run(program, scene, kept, allocate, interpreter.statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One loop over blocks of a shared axis, in its pieces; the axis is found in each statement by its dimension."""

    sharing: Sharing
    pieces: Sequence[range]


def run(program: Program, scene: Scene, kept: Sequence[str], allocate: Allocate, fill: Fill) -> dict[str, Array]:
    """Allocate and fill what is kept, and what that needs: in blocks when all of it is too large."""
    program = contributing(program, kept)
    results = {}
    for statement in program.defining():
        if statement.target in kept:
            shape = tuple(scene.length(axis.extent) for axis in statement.axes)
            results[statement.target] = allocate(statement, shape)
    itemsizes = {s.target: allocate(s, (0,) * len(s.axes)).itemsize for s in program.defining()}
    program, levels = fitting(program, scene, kept, itemsizes)
    for _ in innermost_blocks(program, levels, scene, results, allocate, fill):
        pass
    return {name: results[name] for name in kept}


def fitting(
    program: Program, scene: Scene, kept: Sequence[str], itemsizes: Mapping[str, int]
) -> tuple[Program, list[Level]]:
    """The program with its loops over blocks; where these are not enough, with fewer intermediates.

    The largest that can be computed again is left out until the rest fits. Those within an equal share of the budget
    stay: that there is too much is not theirs.
    """
    while True:
        levels = choose_levels(program, scene, kept, itemsizes)
        own = [s for s in program.defining() if s.target not in kept]
        held = {s.target: itemsizes[s.target] * math.prod(_longest(s, levels, scene)) for s in own}
        if sum(held.values()) <= HELD:
            return program, levels
        large = [s for s in own if held[s.target] * len(own) > HELD and recomputable(program, s)]
        if not large:
            return program, levels
        program = recomputed(program, max(large, key=lambda s: held[s.target]))


def scene_at(program: Program, scene: Scene, result: str, place: Mapping[str, int], fill: Fill) -> Scene:
    """The scene with those intermediates that one element of a tensor needs, only as much of them as it surely needs."""
    part = replace(contributing(program, [result]), results=(result,))
    boxes = needed(part, result, place, scene)

    def allocate(statement: Statement, shape: tuple[int, ...]) -> Array:
        return np.empty(shape, statement.dtype.numpy)

    return next(innermost_blocks(part, (), scene, {}, allocate, fill, boxes=boxes))


def innermost_blocks(
    program: Program,
    levels: Sequence[Level],
    scene: Scene,
    results: Mapping[str, Array],
    allocate: Allocate,
    fill: Fill,
    block: Mapping[Axis, range] | None = None,
    boxes: Mapping[str, Box] | None = None,
) -> Iterator[Scene]:
    """The scene of each block of the innermost loop, every statement having been filled at the level of its loops.

    `boxes` say which part of a tensor is wanted at all, where there are no loops.
    """
    chosen = block or {}
    depth = len(chosen)
    tensors = dict(scene.tensors)
    whole = held_whole(program)
    for part in parts_of(program):
        if isinstance(part, Cycle) or part in whole:
            if depth == 0:
                known = replace(scene, tensors=tensors)
                tensors |= fill_in_order(program, part, known, results, allocate, fill)
            continue
        statement = program.statement(part)
        if _depth(statement, levels) == depth:
            ranges = _ranges(statement, levels[:depth], chosen, scene) if boxes is None else boxes[part]
            origin = tuple(r.start for r in ranges.values())
            held = results.get(statement.target)
            if held is None:
                array = allocate(statement, tuple(map(len, ranges.values())))
            else:
                # The ellipsis makes it a view also where there is no axis.
                window: tuple[Any, ...] = (*(slice(r.start, r.stop) for r in ranges.values()), ...)
                array = held[window]
            shape = tuple(scene.length(axis.extent) for axis in statement.axes)
            tensor = Tensor(array=array, origin=origin, shape=shape)
            fill(statement, ranges, replace(scene, tensors=tensors), tensor)
            tensors[statement.target] = tensor
    known = replace(scene, tensors=tensors)
    if depth == len(levels):
        yield known
        return
    for piece in levels[depth].pieces:
        deeper = {**chosen, levels[depth].sharing.axis: piece}
        yield from innermost_blocks(program, levels, known, results, allocate, fill, deeper)


def choose_levels(program: Program, scene: Scene, kept: Sequence[str], itemsizes: Mapping[str, int]) -> list[Level]:
    """The loops over blocks: none if the intermediates fit, else over the shared axes from the first on, until they
    do.
    """
    own = [s for s in program.defining() if s.target not in kept]
    lengths = {s: [scene.length(axis.extent) for axis in s.axes] for s in own}
    if sum(math.prod(n) * itemsizes[s.target] for s, n in lengths.items()) <= KEPT:
        return []
    sharings = shared_axes(program)
    names = [str(k) for k in range(len(sharings))]
    arrays: list[tuple[int, frozenset[str]]] = []
    for statement, extents in lengths.items():
        # A statement is inside the loops of the first axes, up to one that it does not share.
        inside = next((k for k, s in enumerate(sharings) if statement.target not in s.dimension), len(sharings))
        cut = {sharings[k].dimension[statement.target]: names[k] for k in range(inside)}
        uncut = math.prod(n for d, n in enumerate(extents) if d not in cut)
        arrays.append((uncut * itemsizes[statement.target], frozenset(cut.values())))
    ranges = {name: range(scene.length(s.axis.extent)) for name, s in zip(names, sharings, strict=True)}
    pieces = cuts(ranges, tuple(arrays), KEPT)
    used = [Level(sharing=s, pieces=pieces[name]) for name, s in zip(names, sharings, strict=True)]
    while used and len(used[-1].pieces) == 1:
        used.pop()
    return used


def _depth(statement: Statement, levels: Sequence[Level]) -> int:
    """How many of the loops a statement is inside."""
    return next((k for k, level in enumerate(levels) if statement.target not in level.sharing.dimension), len(levels))


def _longest(statement: Statement, levels: Sequence[Level], scene: Scene) -> list[int]:
    """The shape of a statement's largest block."""
    lengths = [scene.length(axis.extent) for axis in statement.axes]
    for level in levels[: _depth(statement, levels)]:
        lengths[level.sharing.dimension[statement.target]] = max(map(len, level.pieces))
    return lengths


def _ranges(
    statement: Statement, levels: Sequence[Level], block: Mapping[Axis, range], scene: Scene
) -> dict[str, range]:
    """The block of a statement: shared axes as the loops say, the others whole."""
    ranges = scene.whole(statement.axes)
    for level in levels:
        ranges[statement.axes[level.sharing.dimension[statement.target]].name] = block[level.sharing.axis]
    return ranges
