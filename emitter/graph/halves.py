# SPDX-License-Identifier: Apache-2.0
"""Floats of 16 bits are stored, never computed with: every expression of them becomes one of f32.

Before:  y[i] = x[i]*z[i] + 0.1                                                  x, z, y: f16
After:   y[i] = cast(cast(x[i], f32)*cast(z[i], f32) + 0.0999755859375, f16)
Because: processors load and store them, and compute in f32; and so one rounding does where each operation would need its own.

What is rounded in between as well: casts that convert to such a type, and what is stored. NaN, infinities and zeros are
the same in both; an operation may overflow in f16 where f32 has room, which the bounds of the reference allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from unrut.emitter.graph.names import Names, taken_by
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import AxisValue, Cast, Const, Expr, OutsideMode, Program, Read, Role, Statement, Where
from unrut.program.rounding import nearest
from unrut.program.types import DType
from unrut.program.verify import verify
from unrut.program.walk import bounds_of, children, rebound, rebuild, subexpressions

_EXACT = frozenset({DType.bool, DType.i8, DType.u8})
"""Types whose every value is one of f16 and one of bf16."""


def widen_halves(program: Program) -> Program:
    """The program with all arithmetic on f16 and bf16 in f32; operands, results and tensors keep their dtypes."""
    if not any(dtype.is_half for dtype in _dtypes(program)):
        return program
    names = Names(taken=taken_by(program))
    totals = {s.target: names.fresh(f"{s.target}_f32") for s in program.statements if _is_total(s)}
    statements: list[Statement] = []
    for statement in program.statements:
        wide = _statement(statement, totals.get(statement.target))
        statements.append(wide)
        if wide.target != statement.target and statement.role is Role.defines:
            statements.append(_rounded(wide, statement))
    return verify(replace(program, statements=tuple(statements)))


def _is_total(statement: Statement) -> bool:
    """Whether a statement adds to a tensor of floats of 16 bits: what it adds up is a tensor of f32, rounded at the end."""
    return statement.role is Role.adds and statement.dtype.is_half


def _dtypes(program: Program) -> Iterator[DType]:
    yield from (operand.dtype for operand in program.operands)
    for statement in program.statements:
        yield from (expr.dtype for expr in subexpressions(statement.body))


def _statement(statement: Statement, total: str | None) -> Statement:
    wide = widened(statement.body)
    axes = rebound(statement.axes, map(widened, bounds_of(statement.axes)))
    found = replace(statement, axes=axes, subscripts=tuple(map(widened, statement.subscripts)))
    if total is not None:
        return replace(found, target=total, body=wide, dtype=DType.f32)
    return replace(found, body=_narrow(wide, statement.dtype) if statement.dtype.is_half else wide)


def _rounded(total: Statement, statement: Statement) -> Statement:
    """`statement.target[axes] = cast(total[axes], dtype)`."""
    places = tuple(AxisValue(axis=axis.name) for axis in statement.axes)
    read = Read(tensor=total.target, subscripts=places, dtype=total.dtype, span=statement.span)
    return replace(statement, subscripts=places, body=_narrow(read, statement.dtype))


def widened(expr: Expr) -> Expr:
    """The same value, up to roundings that are left out, in f32 if it is a float of 16 bits, else in its own dtype."""
    match expr:
        case Const(value=value, dtype=dtype) if dtype.is_half:
            return replace(expr, value=float(nearest(np.asarray(value), dtype)), dtype=DType.f32)
        case Read(dtype=dtype) if dtype.is_half:
            return Cast(operand=_read(expr), dtype=DType.f32, implicit=True, span=expr.span)
        case Cast(operand=operand, dtype=dtype) if dtype.is_half:
            inner = widened(operand)
            stored = inner if operand.dtype in _EXACT else _narrow(inner, dtype)
            return Cast(operand=stored, dtype=DType.f32, implicit=True, span=expr.span)
        case Cast(operand=operand, dtype=DType.f32) if operand.dtype.is_half:
            return widened(operand)
        case Read():
            return _read(expr)
        case _:
            parts = children(expr)
            inner = rebuild(expr, tuple(widened(part) for part in parts)) if parts else expr
            if isinstance(inner, Fold):
                inner = replace(inner, states=tuple(replace(s, dtype=_wide(s.dtype)) for s in inner.states))
            return replace(inner, dtype=_wide(inner.dtype))


def _wide(dtype: DType) -> DType:
    return DType.f32 if dtype.is_half else dtype


def _read(read: Read) -> Read:
    """Subscripts, and what is read outside, which has the tensor's own dtype."""
    outside = read.outside
    if outside is not None and not isinstance(outside, OutsideMode):
        wide = widened(outside)
        outside = _narrow(wide, read.dtype) if read.dtype.is_half else wide
    return replace(read, subscripts=tuple(widened(s) for s in read.subscripts), outside=outside)


def _narrow(wide: Expr, dtype: DType) -> Expr:
    """The value rounded to a float of 16 bits; nothing happens to one that has just been read or rounded."""
    match wide:
        case Cast(operand=inner, dtype=DType.f32) if inner.dtype is dtype:
            return inner
        case Where(then=then, otherwise=otherwise) if _is_stored(then, dtype) and _is_stored(otherwise, dtype):
            return replace(wide, then=_narrow(then, dtype), otherwise=_narrow(otherwise, dtype), dtype=dtype)
        case _:
            return Cast(operand=wide, dtype=dtype, span=wide.span)


def _is_stored(wide: Expr, dtype: DType) -> bool:
    return isinstance(wide, Cast) and wide.operand.dtype is dtype
