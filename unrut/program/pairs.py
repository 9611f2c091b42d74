# SPDX-License-Identifier: Apache-2.0
"""Program to Program: complex numbers become pairs of real ones.

Before:  op(z: c64[n], w: c64[n]) -> y
         y[i] = z[i]*w[i]
After:   op(z: f32[n, 2], w: f32[n, 2]) -> y
         y_re[i] = z[i, 0]*w[i, 0] - z[i, 1]*w[i, 1]
         y_im[i] = z[i, 0]*w[i, 1] + z[i, 1]*w[i, 0]
         y[i, part] = where(part == 0, y_re[i], y_im[i])
Because: every later pass, every plan and every target then knows real numbers only; and an array of complex numbers is one
of pairs, (real, imaginary), in NumPy, C and C++ alike (C11 6.2.5, C++17 29.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from unrut.program.cycles import Cycle
from unrut.program.extents import as_extent
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import (
    Axis,
    AxisValue,
    Call,
    Const,
    Expr,
    Operand,
    Program,
    Read,
    Reduce,
    Role,
    Statement,
    Where,
)
from unrut.program.pair_expressions import PairReader, Scope
from unrut.program.pair_functions import Pair
from unrut.program.pair_scans import step_before
from unrut.program.types import DType
from unrut.program.verify import verify
from unrut.program.walk import reads, rename_axes, subexpressions

LONGEST = 63
"""Characters of a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A program of real numbers, and for each complex tensor that it computes the names of its two parts."""

    program: Program
    parts: Mapping[str, tuple[str, str]]


def has_complex(program: Program) -> bool:
    """Whether a complex number occurs anywhere."""
    return any(o.dtype.is_complex for o in program.operands) or any(e.dtype.is_complex for e in _parts(program))


def _parts(program: Program) -> Iterator[Expr]:
    """Everything that stands in the statements."""
    return (part for s in program.statements for expr in s.expressions() for part in subexpressions(expr))


def paired(program: Program) -> Paired:
    """The program without complex numbers: complex operands and results have one more dimension, the last, of extent 2."""
    if not has_complex(program):
        return Paired(program=program, parts={})
    return _Pairing(program).paired()


class _Pairing:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.taken = _names(program)
        self.serving = program.statements[0]
        self.statements: list[Statement] = []
        self.parts = {
            s.target: (self.fresh(f"{s.target}_re"), self.fresh(f"{s.target}_im"))
            for s in program.defining()
            if s.dtype.is_complex
        }
        self.bound: dict[str, list[Statement]] = {}
        self.running: list[Cycle] = []
        self.reader = PairReader(self.parts, self.bind, self.recur, self.fresh)

    def paired(self) -> Paired:
        for statement in self.program.statements:
            self.statement(statement)
        given = self.reader.ranges(self.program.given, Scope(axes=()))
        changed = replace(
            self.program,
            operands=tuple(map(_operand, self.program.operands)),
            given=given,
            statements=tuple(self.statements),
            cycles=(*(self.cycle(cycle, set()) for cycle in self.program.cycles), *self.running),
        )
        return Paired(program=verify(changed), parts=self.parts)

    def statement(self, statement: Statement) -> None:
        self.serving = statement
        circles = (cycle.tensors() for cycle in self.program.cycles)
        self.reader.circle = frozenset(n for circle in circles if statement.target in circle for n in circle)
        axes = self.reader.ranges(statement.axes, Scope(axes=()))
        scope = Scope(axes=axes)
        statement = replace(
            statement, axes=axes, subscripts=tuple(self.reader.real(s, scope) for s in statement.subscripts)
        )
        if not statement.dtype.is_complex:
            self.statements.append(replace(statement, body=self.reader.real(statement.body, scope)))
            return
        part = statement.dtype.part
        both = self.reader.pair(statement.body, scope).both
        for name, body in zip(self.parts[statement.target], both, strict=True):
            self.statements.append(replace(statement, target=name, body=body, dtype=part))
        if statement.target in self.program.results and statement.role is Role.defines:
            self.statements.append(self.woven(statement))

    def woven(self, statement: Statement) -> Statement:
        """The tensor with both parts beside each other, as callers see it."""
        axis = Axis(name=self.fresh("part"), extent=as_extent(2))
        which = AxisValue(axis=axis.name)
        first = Call(function="equal", arguments=(which, Const(value=0, dtype=DType.i64)), dtype=DType.bool)
        dtype = statement.dtype.part
        re, im = (
            Read(tensor=name, subscripts=statement.subscripts, dtype=dtype) for name in self.parts[statement.target]
        )
        return replace(
            statement,
            axes=(*statement.axes, axis),
            subscripts=(*statement.subscripts, which),
            body=Where(condition=first, then=re, otherwise=im, dtype=dtype),
            dtype=dtype,
        )

    def bind(self, expr: Expr, axes: tuple[Axis, ...], suffix: str) -> Read:
        """A statement for a part of the one at work. An axis with a range by data goes, as another one, through its extent."""
        name = self.fresh(f"{self.serving.target}_part{suffix}")
        made = self.own_statement(name, expr, axes, self.whole(axes))
        self.bound.setdefault(self.serving.target, []).append(made)
        return Read(tensor=name, subscripts=tuple(AxisValue(axis=axis.name) for axis in axes), dtype=expr.dtype)

    def recur(self, goes_on: Callable[[Pair], Pair], axes: tuple[Axis, ...], line: Axis, dtype: DType) -> Pair:
        """Two statements, and their Cycle along the line."""
        names = [self.fresh(f"{self.serving.target}_part_{part}") for part in ("re", "im")]
        here = tuple(AxisValue(axis=axis.name) for axis in axes)
        earlier = tuple(step_before(a.name) if a is line else AxisValue(axis=a.name) for a in axes)
        re, im = (Read(tensor=name, subscripts=earlier, dtype=dtype) for name in names)
        whole = self.whole(axes)
        for name, body in zip(names, goes_on(Pair(re=re, im=im)).both, strict=True):
            self.own_statement(name, body, axes, whole)
        self.running.append(Cycle(axis=whole[axes.index(line)].name, members=tuple(names)))
        re, im = (Read(tensor=name, subscripts=here, dtype=dtype) for name in names)
        return Pair(re=re, im=im)

    def own_statement(self, name: str, body: Expr, axes: tuple[Axis, ...], whole: tuple[Axis, ...]) -> Statement:
        """A statement over whole axes of a body over the given ones."""
        renamed: dict[str, Expr] = {a.name: AxisValue(axis=w.name) for a, w in zip(axes, whole, strict=True)}
        made = Statement(
            target=name,
            subscripts=tuple(renamed.values()),
            axes=whole,
            body=rename_axes(body, renamed),
            dtype=body.dtype,
            span=self.serving.span,
        )
        self.statements.append(made)
        return made

    def whole(self, axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
        """The axes, those with a range by data as others that go through its extent."""
        plain = (a.start is None and a.stop is None for a in axes)
        return tuple(
            a if p else Axis(name=self.fresh(a.name), extent=a.extent) for a, p in zip(axes, plain, strict=True)
        )

    def cycle(self, cycle: Cycle, known: set[str]) -> Cycle:
        """The same over parts; what was bound for a member and reads the cycle is a member, too, before it."""
        for name in cycle.tensors():
            known |= set(self.parts.get(name, (name,)))
        members: list[str | Cycle] = []
        for member in cycle.members:
            if isinstance(member, Cycle):
                members.append(self.cycle(member, known))
                continue
            for made in self.bound.get(member, ()):
                if any(read.tensor in known for read in reads(made.body)):
                    known.add(made.target)
                    members.append(made.target)
            members += self.parts.get(member, (member,))
        return replace(cycle, members=tuple(members))

    def fresh(self, stem: str) -> str:
        """A name that nothing has."""
        name, number = stem[:LONGEST], 1
        while name in self.taken:
            number += 1
            name = f"{stem[: LONGEST - len(str(number))]}{number}"
        self.taken.add(name)
        return name


def _operand(operand: Operand) -> Operand:
    if not operand.dtype.is_complex:
        return operand
    return replace(operand, dtype=operand.dtype.part, shape=(*operand.shape, as_extent(2)))


def _names(program: Program) -> set[str]:
    """Everything that has a name: tensors, scalars, sizes, axes."""
    axes = {axis.name for s in program.statements for axis in s.axes} | {axis.name for axis in program.given}
    axes |= {axis.name for expr in _parts(program) if isinstance(expr, Reduce | Fold) for axis in expr.axes}
    tensors = {o.name for o in program.operands} | {s.target for s in program.statements}
    return axes | tensors | {program.name, *program.scalars, *program.sizes}
