# SPDX-License-Identifier: Apache-2.0
"""Tensors that depend on each other, that have places before their range, or are added to: held whole, filled in order.

    h[-1, b] = h0[b]      h[t, b] = f(h[t - 1, b])

The arrays begin with the places before the range. These are filled first, then the steps of the ordered axis one after
the other, each over all places of the other axes at once; an inner cycle goes through its own axis within each step.
What is added comes last, in the wide type, and is rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from unrut.program.cycles import Cycle
from unrut.program.nodes import Const, Program, Role, Statement
from unrut.program.walk import before
from unrut.reference.additions import wide_type
from unrut.reference.casts import round_to
from unrut.reference.places import Array, Scene, Tensor

Allocate: TypeAlias = Callable[[Statement, tuple[int, ...]], Array]
Fill: TypeAlias = Callable[[Statement, dict[str, range], Scene, Tensor], None]


def held_whole(program: Program) -> frozenset[str]:
    """The tensors that are computed step by step, begin before their range, or are added to."""
    changed = {s.target for s in program.statements if s.role is not Role.defines}
    return frozenset(changed.union(*(cycle.tensors() for cycle in program.cycles)))


def fill_in_order(
    program: Program, part: str | Cycle, scene: Scene, results: Mapping[str, Array], allocate: Allocate, fill: Fill
) -> dict[str, Tensor]:
    """The tensors of a cycle, or one tensor that begins before its range; results are written where they are wanted."""
    names = part.tensors() if isinstance(part, Cycle) else (part,)
    tensors = dict(scene.tensors)
    known = replace(scene, tensors=tensors)
    for name in names:
        tensors[name] = _empty(program, name, scene, allocate)
    for name in names:
        for statement in program.changing(name):
            if statement.role is Role.starts:
                fill(statement, scene.whole(statement.axes), known, _start(statement, tensors[name]))
    _steps(program, part, {}, known, fill)
    for name in names:
        for statement in program.changing(name):
            if statement.role is Role.covers:
                fill(statement, scene.whole(statement.axes), known, tensors[name])
        tensors[name] = _added_to(program, name, known, fill)
    for name in names:
        if name in results:
            inside = tuple(slice(-o, None) for o in tensors[name].origin)
            results[name][...] = tensors[name].array[inside]
    return {name: tensors[name] for name in names}


def _empty(program: Program, name: str, scene: Scene, allocate: Allocate) -> Tensor:
    """The array of a tensor with its places before the range. Zeros: what no step has reached yet may be looked at, and
    not used."""
    statement, margin = program.statement(name), before(program, name)
    shape = tuple(scene.length(axis.extent) for axis in statement.axes)
    if any(s.role is Role.adds for s in program.changing(name)):
        statement = replace(statement, dtype=wide_type(statement.dtype))
    array = allocate(statement, tuple(n + m for n, m in zip(shape, margin, strict=True)))
    array[...] = 0
    return Tensor(array=array, origin=tuple(-m for m in margin), shape=shape, before=margin)


def _added_to(program: Program, name: str, scene: Scene, fill: Fill) -> Tensor:
    """A tensor with everything that is added to it, rounded to its dtype."""
    tensor = scene.tensors[name]
    additions = [s for s in program.changing(name) if s.role is Role.adds]
    for statement in additions:
        fill(statement, scene.whole(statement.axes), scene, tensor)
    if not additions or tensor.array.dtype.names:
        return tensor
    return replace(tensor, array=round_to(tensor.array, program.dtype_of(name)))


def _start(statement: Statement, tensor: Tensor) -> Tensor:
    """The part of a tensor that an initial statement gives, over the statement's own axes."""
    index: list[Any] = [slice(None)] * len(statement.subscripts)
    kept = []
    for d, subscript in enumerate(statement.subscripts):
        if isinstance(subscript, Const):
            index[d] = int(subscript.value) - tensor.origin[d]
        else:
            kept.append(d)
    # The ellipsis makes it a view also where no dimension is left.
    return Tensor(
        array=tensor.array[(*index, ...)],
        origin=tuple(tensor.origin[d] for d in kept),
        shape=tuple(tensor.shape[d] for d in kept),
    )


def _steps(program: Program, part: str | Cycle, at: dict[str, range], scene: Scene, fill: Fill) -> None:
    if not isinstance(part, Cycle):
        statement = program.statement(part)
        fill(statement, {**scene.whole(statement.axes), **at}, scene, scene.tensors[part])
        return
    first = program.statement(part.tensors()[0])
    extent = next(axis.extent for axis in first.axes if axis.name == part.axis)
    for step in range(scene.length(extent)):
        for member in part.members:
            _steps(program, member, {**at, part.axis: range(step, step + 1)}, scene, fill)
