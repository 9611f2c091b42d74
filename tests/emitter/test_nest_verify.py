# SPDX-License-Identifier: Apache-2.0
"""Every rule of the Nest's contract is broken once, and each break is refused by its own words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from unrut.emitter.graph.linear import call
from unrut.emitter.nest import (
    Accumulate,
    Buffer,
    Declare,
    Guard,
    Kernel,
    Loop,
    LoopKind,
    Move,
    Nest,
    Node,
    Space,
    Store,
)
from unrut.emitter.nest import TaskAxis as Task
from unrut.emitter.nest_verify import verify
from unrut.errors import InternalError
from unrut.program.extents import as_extent, named
from unrut.program.nodes import Axis, AxisValue, Const, ExtentValue, OutsideMode, Read, Reduce, ReduceKind, Scalar
from unrut.program.types import DType

F32, I64 = DType.f32, DType.i64
X = Buffer(name="x", dtype=F32, shape=(as_extent(4),), space=Space.operand)
Y = Buffer(name="y", dtype=F32, shape=(as_extent(4),), space=Space.result)
ACC = Buffer(name="acc", dtype=F32, shape=(), space=Space.register)
I = AxisValue(axis="i")
READ = Read(tensor="x", subscripts=(I,), dtype=F32)
STORE = Store(buffer="y", subscripts=(I,), value=READ)


def whole(value: int) -> Const:
    return Const(value=value, dtype=I64)


def loop(*body: Node) -> Loop:
    return Loop(axis="i", start=whole(0), stop=whole(4), body=body)


def nest(*body: Node, tasks: tuple[Task, ...] = (), buffers: tuple[Buffer, ...] = (X, Y)) -> Nest:
    kernels = (Kernel(name="k", tasks=tasks, body=body),)
    return Nest(name="f", sizes=(), scalars=(), buffers=buffers, kernels=kernels)


def test_a_sound_nest_passes() -> None:
    verify(nest(loop(STORE)))
    verify(nest(STORE, tasks=(Task(axis="i", stop=whole(4)),)))
    verify(nest(Declare(buffer=ACC), Store(buffer="acc", subscripts=(), value=Const(value=0.0, dtype=F32))))


J = AxisValue(axis="j")
MOVE = Move(buffer="y", subscripts=(J,), value=READ, across=("i",), rows=(whole(4),), along="j", columns=whole(4))
MOVE = replace(MOVE, value=replace(READ, subscripts=(call("add", I, J),)))


def test_a_sound_move_passes() -> None:
    verify(nest(MOVE))


SUM = Reduce(kind=ReduceKind.sum, axes=(Axis(name="k", extent=as_extent(4)),), body=READ, dtype=F32)
ADD = Accumulate(buffer="y", subscripts=(I,), function="negative", value=READ)
RUN_TIME = Buffer(name="acc", dtype=F32, shape=(named("n"),), space=Space.register)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (nest(loop(STORE), buffers=(X, Y, Y)), "two buffers of one name"),
        (nest(loop(MOVE)), "moves a tile over i, j: bound already"),
        (nest(replace(MOVE, along="i")), "moves a tile over i, i: bound already"),
        (nest(replace(MOVE, subscripts=(call("multiply", I, J),))), "not linear in its axes"),
        (nest(replace(MOVE, value=replace(READ, tensor="y"))), "within itself"),
        (nest(replace(MOVE, columns=READ)), "size of a tile of y in f is f32, not i64"),
        (
            nest(replace(MOVE, buffer="x", value=replace(READ, tensor="y"))),
            "writes x, which is no buffer here or an operand",
        ),
        (nest(loop(STORE), buffers=(X, Y, ACC)), "lists a register buffer"),
        (nest(loop(replace(STORE, buffer="x"))), "writes x, which is no buffer here or an operand"),
        (nest(loop(replace(STORE, buffer="z"))), "writes z, which is no buffer here or an operand"),
        (nest(loop(replace(STORE, subscripts=()))), "writes y with 0 subscripts"),
        (nest(loop(replace(STORE, value=whole(1)))), "value for y in f is i64, not f32"),
        (nest(loop(replace(STORE, subscripts=(READ,)))), "subscript of y in f is f32, not i64"),
        (nest(STORE), "no loop over i here"),
        (nest(loop(replace(STORE, value=SUM))), "a reduction is left"),
        (nest(loop(replace(STORE, value=replace(READ, tensor="z")))), "no buffer z here"),
        (nest(loop(replace(STORE, value=replace(READ, outside=OutsideMode.edge)))), "a policy is left on x"),
        (nest(loop(replace(STORE, value=replace(READ, subscripts=(I, I))))), "another rank or dtype"),
        (nest(loop(replace(STORE, value=replace(READ, subscripts=(READ,))))), "a subscript of x is no i64"),
        (nest(loop(replace(STORE, value=Scalar(name="tau", dtype=F32)))), "no scalar tau"),
        (nest(loop(ADD)), "negative takes no two arguments"),
        (nest(loop(loop(STORE))), "loop axis i is bound twice"),
        (nest(replace(loop(STORE), step=0)), "has no step"),
        (nest(replace(loop(STORE), stop=READ)), "stop of i in f is f32, not i64"),
        (nest(Guard(condition=whole(1), body=())), "condition in f is i64, not bool"),
        (
            nest(Guard(condition=Const(value=True, dtype=DType.bool), body=(), otherwise=(STORE,))),
            "no loop over i here",
        ),
        (
            nest(replace(loop(STORE), kind=LoopKind.unrolled, stop=ExtentValue(extent=named("n")))),
            "has no fixed bounds",
        ),
        (nest(STORE, tasks=(Task(axis="i", stop=whole(4)),) * 2), "task axis i of k is bound twice"),
        (nest(STORE, tasks=(Task(axis="i", stop=whole(4), step=0),)), "has no step"),
        (nest(Declare(buffer=ACC), Declare(buffer=ACC)), "acc is declared twice or is no register"),
        (nest(Declare(buffer=replace(ACC, space=Space.scratch))), "acc is declared twice or is no register"),
        (nest(Declare(buffer=RUN_TIME)), "register acc has shape"),
        (nest(Declare(buffer=replace(ACC, shape=(as_extent(0),)))), "register acc has shape"),
    ],
)
def test_each_break_is_refused(broken: Nest, words: str) -> None:
    with pytest.raises(InternalError) as caught:
        verify(broken)
    assert words in str(caught.value)


def test_a_register_is_known_to_the_end_of_its_body_only() -> None:
    use = Store(buffer="acc", subscripts=(), value=Const(value=0.0, dtype=F32))
    with pytest.raises(InternalError, match="writes acc"):
        verify(nest(loop(Declare(buffer=ACC), use), use))
