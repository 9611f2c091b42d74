# SPDX-License-Identifier: Apache-2.0
"""Every invariant of a Program, broken one at a time, is found by `verify`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from unrut.errors import InternalError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.cycles import Cycle
from unrut.program.extents import as_extent, named
from unrut.program.nodes import (
    Along,
    AlongKind,
    Axis,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    OutsideMode,
    Program,
    Read,
    Reduce,
    ReduceKind,
    Role,
    Scalar,
    Where,
)
from unrut.program.types import DType
from unrut.program.verify import CHECKS, verify

PROGRAM = elaborate(
    parse(
        "f(A: f32[n, 4], B: i32[n], t: scalar) -> (V, W)\n"
        "V[i] = sum[k](where(k < i, A[i, k]*t, 0)) + A.shape[0]\n"
        "W[i, k] = softmax(V[i]*A[i, k], along=k)\n"
    )
)
I, ZERO, ONE = AxisValue(axis="i"), Const(value=0, dtype=DType.i64), Const(value=1.0, dtype=DType.f32)
A_READ = Read(tensor="A", subscripts=(I, ZERO), dtype=DType.f32)
TRUE = Const(value=True, dtype=DType.bool)
K = Axis(name="k", extent=as_extent(4))
LINE = Along(kind=AlongKind.softmax, axis=Axis(name="i", extent=named("n")), body=A_READ, dtype=DType.f32)


def with_body(body: Expr) -> Program:
    """The program with another V."""
    first, *rest = PROGRAM.statements
    return replace(PROGRAM, statements=(replace(first, body=body), *rest))


def reduction(kind: ReduceKind, body: Expr, **changes: object) -> Expr:
    whole = Reduce(kind=kind, axes=(K,), body=body, dtype=DType.f32)
    return replace(whole, **changes)  # type: ignore[arg-type]


BROKEN = {
    "unsafe name": replace(PROGRAM, name="f g"),
    "two of one name": replace(PROGRAM, scalars=("A",)),
    "axis like a tensor": replace(PROGRAM, given=(Axis(name="A", extent=as_extent(3)),)),
    "shape": replace(PROGRAM, operands=(replace(PROGRAM.operands[0], shape=(named("n") + 1,) * 2), *PROGRAM.operands[1:])),
    "no result": replace(PROGRAM, results=()),
    "unknown result": replace(PROGRAM, results=("U",)),
    "circle": with_body(Read(tensor="W", subscripts=(I, ZERO), dtype=DType.f32)),
    "left side": replace(PROGRAM, statements=(replace(PROGRAM.statements[0], subscripts=(ZERO,)), *PROGRAM.statements[1:])),
    "dtype of a statement": with_body(Cast(operand=A_READ, dtype=DType.f64)),
    "unbound axis": with_body(Cast(operand=AxisValue(axis="q"), dtype=DType.f32)),
    "bound twice": with_body(reduction(ReduceKind.sum, A_READ, axes=(Axis(name="i", extent=as_extent(2)),))),
    "line of another extent": with_body(
        Along(kind=AlongKind.softmax, axis=Axis(name="i", extent=as_extent(2)), body=A_READ, dtype=DType.f32)
    ),
    "line unbound": with_body(Along(kind=AlongKind.softmax, axis=K, body=A_READ, dtype=DType.f32)),
    "rank": with_body(replace(A_READ, subscripts=(I,))),
    "dtype of a read": with_body(replace(A_READ, dtype=DType.f64)),
    "added to nothing": replace(
        PROGRAM, statements=(*PROGRAM.statements, replace(PROGRAM.statements[0], target="U", role=Role.adds))
    ),
    "added with another dtype": replace(
        PROGRAM, statements=(*PROGRAM.statements, replace(PROGRAM.statements[0], role=Role.adds, dtype=DType.i64))
    ),
    "subscript": with_body(replace(A_READ, subscripts=(Cast(operand=I, dtype=DType.i32), ZERO))),
    "outside": with_body(replace(A_READ, outside=ZERO)),
    "unknown function": with_body(Call(function="bessel", arguments=(A_READ,), dtype=DType.f32)),
    "arity": with_body(Call(function="exp", arguments=(A_READ, A_READ), dtype=DType.f32)),
    "loop": with_body(Call(function="add", arguments=(A_READ, ZERO), dtype=DType.f32)),
    "exponent": with_body(Cast(operand=Call(function="power", arguments=(I, I), dtype=DType.i64), dtype=DType.f32)),
    "condition": with_body(Where(condition=A_READ, then=ONE, otherwise=ONE, dtype=DType.f32)),
    "branches": with_body(Where(condition=TRUE, then=ONE, otherwise=ZERO, dtype=DType.f32)),
    "cast to itself": with_body(Cast(operand=A_READ, dtype=DType.f32, implicit=True)),
    "constant": with_body(Cast(operand=Const(value=0.5, dtype=DType.i64), dtype=DType.f32)),
    "constant too large": with_body(Cast(operand=Const(value=2**40, dtype=DType.i32), dtype=DType.f32)),
    "scalar": with_body(Cast(operand=Scalar(name="u"), dtype=DType.f32)),
    "axis value": with_body(replace(I, dtype=DType.f32)),
    "extent of nothing": with_body(Cast(operand=ExtentValue(extent=named("n") + 1), dtype=DType.f32)),
    "size of nothing": with_body(reduction(ReduceKind.sum, A_READ, axes=(Axis(name="k", extent=named("q")),))),
    "accumulator": with_body(reduction(ReduceKind.sum, ZERO)),
    "truth": with_body(reduction(ReduceKind.any, A_READ)),
    "sum of bools": with_body(Cast(operand=reduction(ReduceKind.sum, TRUE, dtype=DType.bool), dtype=DType.f32)),
    "where=": with_body(reduction(ReduceKind.sum, A_READ, where=A_READ)),
    "initial=": with_body(reduction(ReduceKind.sum, A_READ, initial=ZERO)),
    "component": with_body(reduction(ReduceKind.sum, A_READ, component=1)),
    "bound before it is bound": with_body(reduction(ReduceKind.sum, A_READ, axes=(replace(K, start=AxisValue(axis="k")),))),
    "bound of floats": with_body(reduction(ReduceKind.sum, A_READ, axes=(replace(K, stop=A_READ),))),
    "two ranges": with_body(
        Call(
            function="add",
            arguments=tuple(reduction(ReduceKind.sum, A_READ, axes=(replace(K, start=end),)) for end in (I, ZERO)),
            dtype=DType.f32,
        )
    ),
    "softmax of integers": with_body(replace(LINE, body=ZERO)),
    "start of nothing": replace(
        PROGRAM, statements=(*PROGRAM.statements, replace(PROGRAM.statements[0], target="U", role=Role.starts))
    ),
    "start inside": replace(PROGRAM, statements=(*PROGRAM.statements, replace(PROGRAM.statements[0], role=Role.starts))),
    "cycle without its axis": replace(PROGRAM, cycles=(Cycle(axis="k", members=("V", "W")),)),
    "two cycles": replace(PROGRAM, cycles=(Cycle(axis="i", members=("V",)), Cycle(axis="i", members=("V",)))),
}  # fmt: skip


def test_a_valid_program_passes():
    assert verify(PROGRAM) is PROGRAM
    verify(with_body(replace(A_READ, outside=OutsideMode.edge)))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_invariant_is_found(name):
    with pytest.raises(InternalError):
        verify(BROKEN[name])


def test_every_check_finds_something():
    silent = [check.__name__ for check in CHECKS if not any(list(check(broken)) for broken in BROKEN.values())]
    assert silent == []
