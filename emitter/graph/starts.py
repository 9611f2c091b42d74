# SPDX-License-Identifier: Apache-2.0
"""Initial statements as tensors of their own, chosen where they are read.

Before:  h[t, i] = f(h[t - 1, i])      h[-1, i] = h0[i]
After:   h[t, i] = f(where(t - 1 >= 0, h[t - 1, i], h_start[i]))      h_start[i] = h0[i]
Because: then every tensor begins at 0; the choice is lazy, and is decided for whole parts of the loop over t.
Where data say which place is read, h_start keeps the dimension, of extent 1: h[q[i]] is h_start[q[i] + 1] below 0, which is
checked like any computed place.
A policy acts beyond the places that are given: a mode first brings the subscript back to them, a value stands before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from unrut.emitter.graph.linear import call, expression, linear, number
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.policies import moved
from unrut.emitter.graph.spoken import Origin
from unrut.program.affine import affine
from unrut.program.extents import Extent
from unrut.program.nodes import Axis, AxisValue, Const, Expr, OutsideMode, Program, Read, Role, Statement, Where
from unrut.program.types import DType
from unrut.program.walk import before, map_bottom_up, reads

Pattern = tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A tensor with places before its range: how many in each dimension, its extents, and the tensors that hold them."""

    before: tuple[int, ...]
    shape: tuple[Extent, ...]
    parts: Mapping[Pattern, str]
    computed: frozenset[int]

    def stays(self, dimension: int, place: int | None) -> bool:
        """Whether a dimension stays in the tensor of a part: along one place, where data may lead still further out."""
        return place is None or (dimension in self.computed and place == -self.before[dimension])


def without_starts(program: Program, names: Names) -> tuple[Program, dict[str, Origin]]:
    """The program in which no statement starts another's tensor, and what the new tensors are parts of."""
    if all(s.role is not Role.starts for s in program.statements):
        return program, {}
    origins: dict[str, Origin] = {}
    started: dict[str, Started] = {}
    statements: list[Statement] = []
    for statement in program.defining():
        starts = [s for s in program.changing(statement.target) if s.role is Role.starts]
        if not starts:
            continue
        parts = {_pattern(start): names.fresh(f"{statement.target}_start") for start in starts}
        tensor = Started(
            before=before(program, statement.target),
            shape=statement.shape,
            parts=parts,
            computed=_computed(program, statement.target),
        )
        started[statement.target] = tensor
        for start in starts:
            name, pattern = parts[_pattern(start)], _pattern(start)
            kept = tuple(d for d, place in enumerate(pattern) if tensor.stays(d, place))
            origins[name] = Origin(tensor=statement.target, dimensions=kept)
            axes = {axis.name: axis for axis in start.axes}
            line = [_along(start.subscripts[d], axes, names) for d in kept]
            subscripts = tuple(AxisValue(axis=axis.name) for axis in line)
            statements.append(replace(start, target=name, subscripts=subscripts, axes=tuple(line), role=Role.defines))
    statements += [s for s in program.statements if s.role is not Role.starts]

    def chosen(expr: Expr) -> Expr:
        return _chosen(expr, started[expr.tensor]) if isinstance(expr, Read) and expr.tensor in started else expr

    def changed(statement: Statement) -> Statement:
        subscripts = tuple(map_bottom_up(subscript, chosen) for subscript in statement.subscripts)
        return replace(statement, subscripts=subscripts, body=map_bottom_up(statement.body, chosen))

    return replace(program, statements=tuple(map(changed, statements))), origins


def _pattern(start: Statement) -> Pattern:
    return tuple(int(s.value) if isinstance(s, Const) else None for s in start.subscripts)


def _computed(program: Program, tensor: str) -> frozenset[int]:
    """The dimensions in which data say which place of a tensor is read, unchecked so far."""
    parts = (read for s in program.statements for expr in (*s.subscripts, *s.expressions()) for read in reads(expr))
    mine = (read for read in parts if read.tensor == tensor and read.outside is None)
    return frozenset(d for read in mine for d, s in enumerate(read.subscripts) if affine(s) is None)


def _along(subscript: Expr, axes: Mapping[str, Axis], names: Names) -> Axis:
    if isinstance(subscript, AxisValue):
        return axes[subscript.axis]
    return Axis(name=names.fresh("before"), extent=Extent(constant=1))


def _chosen(read: Read, tensor: Started) -> Expr:
    subscripts = list(read.subscripts)
    if isinstance(read.outside, OutsideMode):
        for d, reach in enumerate(tensor.before):
            if reach:
                whole = moved(_shifted(subscripts[d], reach), tensor.shape[d] + reach, read.outside)
                subscripts[d] = _shifted(whole, -reach)
    return _tree(replace(read, subscripts=tuple(subscripts)), tensor, ())


def _tree(read: Read, tensor: Started, chosen: Pattern) -> Expr:
    """One test after the other, from inside the range outwards, dimension by dimension."""
    d = len(chosen)
    if d == len(tensor.before):
        return _leaf(read, tensor, chosen)
    reach, subscript = tensor.before[d], read.subscripts[d]
    if not reach:
        return _tree(read, tensor, (*chosen, None))
    is_value = not (read.outside is None or isinstance(read.outside, OutsideMode))
    places: Sequence[int | None] = (None, *range(-1, -reach - 1, -1))
    found: Expr | None = read.outside if is_value and not isinstance(read.outside, OutsideMode) else None
    for place in reversed(places):
        part = _tree(read, tensor, (*chosen, place))
        if found is None:
            found = part
        else:
            test = call("greater_equal", subscript, number(place or 0), dtype=DType.bool)
            found = Where(condition=test, then=part, otherwise=found, dtype=read.dtype)
    assert found is not None
    return found


def _leaf(read: Read, tensor: Started, chosen: Pattern) -> Expr:
    if all(place is None for place in chosen):
        return read
    if chosen not in tensor.parts:  # proved never to be read
        return Const(value=False if read.dtype is DType.bool else 0, dtype=read.dtype)
    kept = tuple(_kept(read, tensor, d, place) for d, place in enumerate(chosen) if tensor.stays(d, place))
    return replace(read, tensor=tensor.parts[chosen], subscripts=kept)


def _kept(read: Read, tensor: Started, dimension: int, place: int | None) -> Expr:
    subscript = read.subscripts[dimension]
    if place is None:
        return subscript
    is_unchecked = read.outside is None and affine(subscript) is None
    return _shifted(subscript, tensor.before[dimension]) if is_unchecked else number(0)


def _shifted(subscript: Expr, by: int) -> Expr:
    form = linear(subscript) + linear(number(by))
    return expression(form)
