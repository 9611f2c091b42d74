# SPDX-License-Identifier: Apache-2.0
"""Initial statements as tensors of their own, chosen where they are read.

Before:  h[t, i] = f(h[t - 1, i])      h[-1, i] = h0[i]
After:   h[t, i] = f(where(t - 1 >= 0, h[t - 1, i], h_start[i]))      h_start[i] = h0[i]
Because: then every tensor begins at 0; the choice is lazy, and is decided for whole parts of the loop over t.
A policy acts beyond the places that are given: a mode first brings the subscript back to them, a value stands before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from unrut.emitter.graph.linear import call, expression, linear, number
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.policies import moved
from unrut.program.extents import Extent
from unrut.program.nodes import Const, Expr, OutsideMode, Program, Read, Role, Statement, Where
from unrut.program.types import DType
from unrut.program.walk import before, map_bottom_up

Pattern = tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A tensor with places before its range: how many in each dimension, its extents, and the tensors that hold them."""

    before: tuple[int, ...]
    shape: tuple[Extent, ...]
    parts: Mapping[Pattern, str]


def without_starts(program: Program, names: Names) -> Program:
    """The program in which no statement starts another's tensor."""
    if all(s.role is not Role.starts for s in program.statements):
        return program
    started: dict[str, Started] = {}
    statements: list[Statement] = []
    for statement in program.defining():
        starts = [s for s in program.changing(statement.target) if s.role is Role.starts]
        if not starts:
            continue
        parts: dict[Pattern, str] = {}
        for start in starts:
            name = names.fresh(f"{statement.target}_start")
            parts[tuple(int(s.value) if isinstance(s, Const) else None for s in start.subscripts)] = name
            kept = tuple(s for s in start.subscripts if not isinstance(s, Const))
            statements.append(replace(start, target=name, subscripts=kept, role=Role.defines))
        reach = before(program, statement.target)
        started[statement.target] = Started(before=reach, shape=statement.shape, parts=parts)
    statements += [s for s in program.statements if s.role is not Role.starts]

    def chosen(expr: Expr) -> Expr:
        return _chosen(expr, started[expr.tensor]) if isinstance(expr, Read) and expr.tensor in started else expr

    def changed(statement: Statement) -> Statement:
        subscripts = tuple(map_bottom_up(subscript, chosen) for subscript in statement.subscripts)
        return replace(statement, subscripts=subscripts, body=map_bottom_up(statement.body, chosen))

    return replace(program, statements=tuple(map(changed, statements)))


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
    kept = tuple(s for s, place in zip(read.subscripts, chosen, strict=True) if place is None)
    return replace(read, tensor=tensor.parts[chosen], subscripts=kept)


def _shifted(subscript: Expr, by: int) -> Expr:
    form = linear(subscript) + linear(number(by))
    return expression(form)
