# SPDX-License-Identifier: Apache-2.0
"""Short ways to write nests by hand, and to compile them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from unrut.emitter.build import build
from unrut.emitter.kernel import Kernel
from unrut.emitter.layout import Layout
from unrut.emitter.machine import BASELINE
from unrut.emitter.nest import (
    Accumulate,
    Buffer,
    Declare,
    Guard,
    Loop,
    LoopKind,
    Nest,
    Space,
    Store,
    TaskAxis,
)
from unrut.emitter.nest import Kernel as NestKernel
from unrut.emitter.pipeline import Trace
from unrut.emitter.render import render
from unrut.program.extents import Extent, as_extent, named
from unrut.program.nodes import (
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    Precondition,
    Program,
    Read,
    Relation,
    Scalar,
    Where,
)
from unrut.program.types import DType

NOTHING = Program(name="none", operands=(), scalars=(), given=(), statements=(), results=())


def _extent(value: int | str | Extent) -> Extent:
    return named(value) if isinstance(value, str) else as_extent(value)


def _buffer(name: str, dtype: DType, shape: tuple[int | str | Extent, ...], space: Space) -> Buffer:
    return Buffer(name=name, dtype=dtype, shape=tuple(map(_extent, shape)), space=space)


def _call(function: str, *arguments: Expr, dtype: DType | None = None) -> Call:
    return Call(function=function, arguments=arguments, dtype=dtype or arguments[0].dtype)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Builders with short names: `make.call("add", make.axis("i"), make.number(1))`."""
    return SimpleNamespace(
        axis=lambda name: AxisValue(axis=name),
        number=lambda value, dtype=DType.i64: Const(value=value, dtype=dtype),
        size=lambda extent: ExtentValue(extent=_extent(extent)),
        read=lambda name, *subscripts, dtype=DType.f32: Read(tensor=name, subscripts=subscripts, dtype=dtype),
        call=_call,
        cast=lambda operand, dtype: Cast(operand=operand, dtype=dtype),
        where=lambda c, a, b: Where(condition=c, then=a, otherwise=b, dtype=a.dtype),
        buffer=_buffer,
    )


@pytest.fixture(scope="session")
def compiled() -> Callable[..., Kernel]:
    """A kernel from a nest, without the stages before it."""

    def compile_nest(nest: Nest, layouts: Mapping[str, Layout] | None = None, **options: Any) -> Kernel:
        source = render(nest, layouts, note=nest.name)
        trace = Trace(program=NOTHING, layouts=layouts or {}, machine=BASELINE, nest=nest, source=source)
        return Kernel(build(source), trace, **options)

    return compile_nest


F32, I64, BOOL = DType.f32, DType.i64, DType.bool


@pytest.fixture(scope="session")
def nests(make: SimpleNamespace) -> Mapping[str, Nest]:
    """A few nests that together hold every kind of node, space and argument."""
    return {nest.name: nest for nest in (_matmul(make), _smooth(make), _select(make), _scaled(make))}


def _loop(make: SimpleNamespace, axis: str, stop: Expr, *body: Any, **more: Any) -> Loop:
    return Loop(axis=axis, start=make.number(0), stop=stop, body=body, **more)


def _matmul(make: SimpleNamespace) -> Nest:
    """Everything fixed: tiles of 4 rows and 16 lanes in registers."""
    row, lane, i, j, k = map(make.axis, ("row", "lane", "i", "j", "k"))
    at = (make.call("add", i, row), make.call("add", j, lane))
    product = make.call("multiply", make.read("A", at[0], k), make.read("B", k, at[1]))

    def tile(*body: Any) -> Loop:
        lanes = _loop(make, "lane", make.number(16), *body, kind=LoopKind.vector)
        return _loop(make, "row", make.number(4), lanes, kind=LoopKind.unrolled)

    zero = Store(buffer="acc", subscripts=(row, lane), value=make.number(0.0, F32))
    add = Accumulate(buffer="acc", subscripts=(row, lane), function="add", value=product)
    out = Store(buffer="C", subscripts=at, value=make.read("acc", row, lane))
    body = (
        Declare(buffer=make.buffer("acc", F32, (4, 16), Space.register)),
        tile(zero),
        _loop(make, "k", make.number(40), tile(add), note="C[i, j] = sum[k](A[i, k] * B[k, j])"),
        tile(out),
    )
    tasks = (TaskAxis(axis="i", stop=make.number(8), step=4), TaskAxis(axis="j", stop=make.number(32), step=16))
    shapes = (("A", (8, 40), Space.operand), ("B", (40, 32), Space.operand), ("C", (8, 32), Space.result))
    buffers = tuple(make.buffer(name, F32, shape, space) for name, shape, space in shapes)
    kernels = (NestKernel(name="C", tasks=tasks, body=body),)
    return Nest(name="matmul", sizes=(), scalars=(), buffers=buffers, kernels=kernels)


def _smooth(make: SimpleNamespace) -> Nest:
    """Run-time sizes, workspace, scratch, a lazy border, a scalar, a precondition."""
    y, x, d = map(make.axis, ("y", "x", "d"))
    h, w = make.size("h"), make.size("w")
    at = make.call("subtract", make.call("add", x, d), make.number(1))
    inside = make.call(
        "bitwise_and",
        make.call("greater_equal", at, make.number(0), dtype=BOOL),
        make.call("less", at, w, dtype=BOOL),
    )
    read = make.where(inside, make.read("X", y, at), make.number(0.0, F32))
    acc = make.buffer("acc", F32, (), Space.register)
    row = (
        Declare(buffer=acc),
        Store(buffer="acc", subscripts=(), value=make.number(0.0, F32)),
        _loop(make, "d", make.number(3), Accumulate(buffer="acc", subscripts=(), function="add", value=read)),
        Store(buffer="row", subscripts=(x,), value=make.read("acc")),
    )
    tau = make.cast(Scalar(name="tau"), F32)
    peak = Accumulate(buffer="peak", subscripts=(y,), function="maximum", value=make.read("row", x))
    scaled = make.call("multiply", make.read("row", x), tau)
    first = NestKernel(
        name="rows",
        tasks=(TaskAxis(axis="y", stop=h),),
        note="S[y, x] = tau * sum[d](X.outside(0)[y, x + d - 1])",
        body=(
            _loop(make, "x", w, *row),
            Store(buffer="peak", subscripts=(y,), value=make.number(-float("inf"), F32)),
            _loop(make, "x", w, peak),
            _loop(make, "x", w, Store(buffer="S", subscripts=(y, x), value=scaled), kind=LoopKind.vector),
        ),
    )
    top = Declare(buffer=make.buffer("top", F32, (), Space.register))
    body = (
        top,
        Store(buffer="top", subscripts=(), value=make.number(-float("inf"), F32)),
        _loop(make, "y", h, Accumulate(buffer="top", subscripts=(), function="maximum", value=make.read("peak", y))),
        Store(buffer="m", subscripts=(), value=make.read("top")),
    )
    second = NestKernel(name="top", tasks=(), body=body, note="m = max[y, x](...)")
    buffers = (
        make.buffer("X", F32, ("h", "w"), Space.operand),
        make.buffer("S", F32, ("h", "w"), Space.result),
        make.buffer("m", F32, (), Space.result),
        make.buffer("peak", F32, ("h",), Space.workspace),
        make.buffer("row", F32, ("w",), Space.scratch),
    )
    needs = (
        Precondition(left=Extent(constant=2), relation=Relation.at_most, right=named("w"), because="max of a row"),
    )
    return Nest(
        name="smooth", sizes=("h", "w"), scalars=("tau",), buffers=buffers, kernels=(first, second), preconditions=needs
    )


def _select(make: SimpleNamespace) -> Nest:
    """Truth values in memory, a guard with two branches, integers."""
    i = make.axis("i")
    mask, a = make.read("mask", i, dtype=BOOL), make.read("a", i, dtype=I64)
    twice = Store(buffer="r", subscripts=(i,), value=make.call("add", a, a))
    other = Store(buffer="r", subscripts=(i,), value=make.call("floor_divide", a, make.number(3)))
    positive = make.call("greater", a, make.number(0), dtype=BOOL)
    flip = Store(buffer="flipped", subscripts=(i,), value=make.call("invert", mask))
    seen = Accumulate(buffer="flipped", subscripts=(i,), function="bitwise_and", value=positive)
    guard = Guard(condition=mask, body=(twice,), otherwise=(other,), note="r[i] = where(mask[i], a[i] + a[i], a[i]//3)")
    buffers = (
        make.buffer("mask", BOOL, ("n",), Space.operand),
        make.buffer("a", I64, ("n",), Space.operand),
        make.buffer("r", I64, ("n",), Space.result),
        make.buffer("flipped", BOOL, ("n",), Space.result),
    )
    kernels = (NestKernel(name="r", tasks=(TaskAxis(axis="i", stop=make.size("n")),), body=(guard, flip, seen)),)
    return Nest(name="choose", sizes=("n",), scalars=(), buffers=buffers, kernels=kernels)


def _scaled(make: SimpleNamespace) -> Nest:
    """`Y[i, j] += X[i, j]` twice, for any layout of X and Y."""
    i, j = make.axis("i"), make.axis("j")
    body = (
        Store(buffer="Y", subscripts=(i, j), value=make.read("X", i, j)),
        Accumulate(buffer="Y", subscripts=(i, j), function="add", value=make.read("X", i, j)),
    )
    loop = _loop(make, "j", make.number(5), *body)
    buffers = (make.buffer("X", F32, (3, 5), Space.operand), make.buffer("Y", F32, (3, 5), Space.result))
    kernels = (NestKernel(name="Y", tasks=(TaskAxis(axis="i", stop=make.number(3)),), body=(loop,)),)
    return Nest(name="scaled", sizes=(), scalars=(), buffers=buffers, kernels=kernels)
