# SPDX-License-Identifier: Apache-2.0
"""Nests as text: every node once, in order, with the precedence of the notation."""

from __future__ import annotations

from unrut.emitter.nest import (
    Accumulate,
    Buffer,
    Declare,
    Guard,
    Kernel,
    Loop,
    LoopKind,
    Nest,
    Space,
    Store,
    TaskAxis,
)
from unrut.emitter.nest_show import show, text
from unrut.program.extents import as_extent, named
from unrut.program.nodes import (
    AxisValue,
    Call,
    Cast,
    Const,
    ExtentValue,
    Precondition,
    Read,
    Relation,
    Scalar,
    Where,
)
from unrut.program.types import DType

F32, I64, BOOL = DType.f32, DType.i64, DType.bool
I, N = AxisValue(axis="i"), ExtentValue(extent=named("n"))


def number(value: float, dtype: DType = I64) -> Const:
    return Const(value=value, dtype=dtype)


def call(function: str, *arguments, dtype: DType = I64) -> Call:
    return Call(function=function, arguments=arguments, dtype=dtype)


def test_the_whole():
    X = Read(tensor="X", subscripts=(I,), dtype=F32)
    acc = Buffer(name="acc", dtype=F32, shape=(), space=Space.register)
    positive = call("greater", X, number(0.0, F32), dtype=BOOL)
    add = Accumulate(buffer="acc", subscripts=(), function="add", value=X)
    body = (
        Declare(buffer=acc),
        Store(buffer="acc", subscripts=(), value=Cast(operand=Scalar(name="tau"), dtype=F32)),
        Loop(
            axis="i",
            start=number(0),
            stop=call("subtract", N, number(1)),
            body=(Guard(condition=positive, body=(add,), otherwise=(add,), note="s"),),
            kind=LoopKind.vector,
            note="s",
        ),
        Loop(axis="i", start=number(1), stop=N, step=2, body=(add,)),
        Store(buffer="s", subscripts=(number(0),), value=Read(tensor="acc", subscripts=(), dtype=F32)),
    )
    tasks = (TaskAxis(axis="t", stop=N, step=8), TaskAxis(axis="u", stop=number(3)))
    kernels = (Kernel(name="a", tasks=tasks, body=body, note="s = ..."), Kernel(name="b", tasks=(), body=()))
    buffers = (
        Buffer(name="X", dtype=F32, shape=(named("n"),), space=Space.operand),
        Buffer(name="s", dtype=F32, shape=(as_extent(1),), space=Space.result),
    )
    needs = (Precondition(left=as_extent(1), relation=Relation.at_most, right=named("n"), because=""),)
    nest = Nest(name="total", sizes=("n",), scalars=("tau",), buffers=buffers, kernels=kernels, preconditions=needs)
    assert show(nest) == (
        "nest total(n, tau: scalar)\n"
        "  needs 1 <= n\n"
        "  operand   X: f32[n]\n"
        "  result    s: f32[1]\n"
        "kernel a  tasks t:n step 8, u:3  # s = ...\n"
        "  register acc: f32[]\n"
        "  acc = f32(tau)\n"
        "  vector for i:(n - 1)  # s\n"
        "    guard X[i] > 0.0\n"
        "      acc add= X[i]\n"
        "    otherwise\n"
        "      acc add= X[i]\n"
        "  for i in 1 .. n step 2\n"
        "    acc add= X[i]\n"
        "  s[0] = acc\n"
        "barrier\n"
        "kernel b\n"
    )


def test_expressions_keep_their_structure():
    two = number(2)
    for tree, shown in [
        (call("multiply", call("add", I, two), two), "(i + 2) * 2"),
        (call("subtract", I, call("subtract", two, I)), "i - (2 - i)"),
        (call("power", call("power", I, two), two), "(i ** 2) ** 2"),
        (call("power", I, call("power", two, two)), "i ** 2 ** 2"),
        (call("negative", call("add", I, two)), "-(i + 2)"),
        (call("multiply", number(-1), I), "-1 * i"),
        (call("maximum", I, call("add", I, two)), "maximum(i, i + 2)"),
        (call("multiply", ExtentValue(extent=named("n") - 1), I), "(n - 1) * i"),
        (Where(condition=call("less", I, two, dtype=BOOL), then=I, otherwise=two, dtype=I64), "where(i < 2, i, 2)"),
    ]:
        assert text(tree) == shown
