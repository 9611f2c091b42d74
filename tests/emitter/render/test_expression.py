# SPDX-License-Identifier: Apache-2.0
"""Printed expressions mean what their trees mean, and look as written by hand."""

from __future__ import annotations

import random

import numpy as np
import pytest

from unrut.emitter.nest import Kernel, Loop, Nest, Space, Store
from unrut.emitter.render.dialect import C
from unrut.emitter.render.expression import Printer
from unrut.emitter.render.literal import literal
from unrut.emitter.render.names import Names
from unrut.emitter.render.ranges import Interval, interval
from unrut.program.extents import Extent, least, most, named
from unrut.program.nodes import ExtentValue, Scalar
from unrut.program.types import DType
from unrut.testing.nest_interpreter import run

REAL = [dtype for dtype in DType if not dtype.is_complex]  # complex numbers are pairs here
F32, I32, I64, BOOL = DType.f32, DType.i32, DType.i64, DType.bool


@pytest.fixture
def printer() -> Printer:
    plain = {name: name for name in "ijxyn"}
    names = Names(function="f", kernels=(), routines={}, buffers={}, axes=plain, sizes=plain, scalars={"tau": "tau"})
    axes = {name: Interval(low=0, high=99) for name in "ij"}
    return Printer(dialect=C, names=names, places={}, axes=axes, run="run.")


def cases(make):
    i, j, x = make.axis("i"), make.axis("j"), make.axis("x")
    call, number = make.call, make.number
    two = number(2)
    real = make.cast(i, F32)
    less = call("less", i, j, dtype=BOOL)
    return [
        (call("add", call("multiply", two, i), j), "2 * i + j"),
        (call("multiply", call("add", i, j), two), "(i + j) * 2"),
        (call("subtract", i, call("subtract", j, two)), "i - (j - 2)"),
        (call("add", i, number(-1)), "i - 1"),
        (call("subtract", call("add", i, j), two), "i + j - 2"),
        (call("floor_divide", i, two), "i / 2"),
        (call("remainder", call("add", i, j), two), "(i + j) % 2"),
        (call("floor_divide", call("subtract", i, two), two), "ur_floor_divide_i64(i - 2, 2)"),
        (call("multiply", x, x), "ur_multiply_i64(x, x)"),
        (call("multiply", number(3), number(4)), "12"),
        (call("maximum", i, number(0)), "ur_maximum_i64(i, 0)"),
        (call("negative", call("negative", i)), "-(-i)"),
        (call("add", make.cast(i, I32), make.cast(j, I32)), "ur_add_i32((int32_t)i, (int32_t)j)"),
        (call("add", real, call("add", real, real)), "(float)i + ((float)i + (float)i)"),
        (make.cast(call("add", i, j), F32), "(float)(i + j)"),
        (call("power", real, number(2.0, F32)), "ur_square_f32((float)i)"),
        (call("power", real, number(3.0, F32)), "ur_power_3_f32((float)i)"),
        (call("power", real, number(9.0, F32)), "ur_power_f32((float)i, 9.0f)"),
        (call("power", real, number(0.5, F32)), "ur_power_f32((float)i, 0.5f)"),
        (call("power", real, make.cast(two, F32)), "ur_square_f32((float)i)"),
        (call("power", real, make.cast(number(True, BOOL), F32)), "ur_power_f32((float)i, (float)true)"),
        (call("reciprocal", call("negative", real)), "1.0f / -(float)i"),
        (call("bitwise_and", less, call("invert", less)), "(i < j) & !(i < j)"),
        (call("equal", less, less, dtype=BOOL), "(i < j) == (i < j)"),
        (make.where(less, i, call("add", j, two)), "i < j ? i : j + 2"),
        (
            make.where(make.where(less, less, less), i, make.where(less, j, i)),
            "(i < j ? i < j : i < j) ? i : i < j ? j : i",
        ),
        (call("multiply", make.where(less, two, number(3)), i), "(int64_t)(i < j ? 2 : 3) * i"),
        (make.cast(Scalar(name="tau"), F32), "(float)run.tau"),
        (make.cast(real, BOOL), "(float)i != 0.0f"),
        (make.cast(real, I32), "ur_i32_from_f32((float)i)"),
        (call("isnan", i, dtype=BOOL), "false"),
    ]


def test_spelling(make, printer):
    for tree, text in cases(make):
        assert printer.text(tree) == text


def test_sizes(printer):
    n, x = named("n"), named("x")
    for extent, text in [
        (n, "run.n"),
        (n * 2 - 1, "2 * run.n - 1"),
        (Extent(constant=7) - n, "-run.n + 7"),
        ((n + 3) // 2 + 1, "(run.n + 3) / 2 + 1"),
        ((n - 3) // 2, "ur_floor_divide_i64(run.n - 3, 2)"),
        (least(n, x), "ur_minimum_i64(run.n, run.x)"),
        (most(Extent(), n - 2), "ur_maximum_i64(0, run.n - 2)"),
        (n * x, "ur_times(run.n, run.x)"),
        (n * x + 1, "ur_plus(ur_times(run.n, run.x), 1)"),
        ((n + 1) // 2 * 4, "4 * ((run.n + 1) / 2)"),
    ]:
        assert printer.text(ExtentValue(extent=extent)) == text


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (0.1, F32, "0.1f"), (0.1, DType.f64, "0.1"), (-0.0, F32, "-0.0f"), (1.0, F32, "1.0f"), (1e30, F32, "1e30f"),
        (1e400, F32, "INFINITY"), (-float("inf"), DType.f64, "-(double)INFINITY"), (float("nan"), F32, "NAN"),
        (1 / 3, F32, "0.33333334f"), (1 / 3, DType.f64, "0.3333333333333333"), (16777217, F32, "16777216.0f"),
        (5e-324, DType.f64, "5e-324"), (-(2**63), I64, "INT64_MIN"), (-(2**31), I32, "INT32_MIN"), (2**31, I32, "INT32_MIN"),
        (-128, DType.i8, "INT8_MIN"), (200, DType.u8, "200"), (5, DType.u32, "5u"),
        (2**64 - 1, DType.u64, "18446744073709551615ull"),
        (1.0, DType.f16, "0x3c00"), (0.1, DType.bf16, "0x3dcd"), (-np.inf, DType.f16, "0xfc00"),
        (True, BOOL, "true"), (1e10, DType.f64, "10000000000.0"), (2**63 - 1, I64, "9223372036854775807"),
    ],
)  # fmt: skip
def test_numbers(value, dtype, text):
    assert literal(value, dtype, C) == text


@pytest.mark.compiler
def test_numbers_read_back_exactly(make, compiled):
    """Random bit patterns as literals of the source."""
    draw = np.random.default_rng(5)
    for dtype, unsigned in ((F32, np.uint32), (DType.f64, np.uint64), (I32, np.uint32), (I64, np.uint64)):
        numbers = draw.integers(0, np.iinfo(unsigned).max, 200, unsigned, endpoint=True).view(dtype.numpy)
        body = tuple(
            Store(buffer="r", subscripts=(make.number(k),), value=make.number(v.item(), dtype))
            for k, v in enumerate(numbers)
        )
        buffers = (make.buffer("r", dtype, (200,), Space.result),)
        kernels = (Kernel(name="numbers", tasks=(), body=body),)
        nest = Nest(name="numbers", sizes=(), scalars=(), buffers=buffers, kernels=kernels)
        assert np.array_equal(compiled(nest)(), numbers, equal_nan=dtype.is_float)


class Grower:
    """Random expressions over two operands of each dtype, an axis and numbers."""

    def __init__(self, make, seed: int) -> None:
        self.make, self.random = make, random.Random(seed)

    def grow(self, dtype: DType, depth: int):
        make, pick = self.make, self.random
        if depth == 0:
            leaves = [make.read(f"{pick.choice('ab')}_{dtype.name}", make.axis("i"), dtype=dtype)]
            if dtype is not BOOL:
                value = pick.randint(-3 if dtype.is_signed else 0, 3)
                leaves.append(make.number(float(value) if dtype.is_float else value, dtype))
            if dtype is I64:
                leaves.append(make.axis("i"))
            return pick.choice(leaves)
        kind = pick.random()
        if kind < 0.2:
            return make.where(self.grow(BOOL, depth - 1), self.grow(dtype, depth - 1), self.grow(dtype, depth - 1))
        if kind < 0.35:
            # Unsigned numbers may be of any size, and so not exact as floats.
            of = [d for d in REAL if d.is_signed or d is BOOL or (dtype.is_integer and not dtype.is_signed)]
            return make.cast(self.grow(pick.choice(of), depth - 1), dtype)
        if dtype.is_half:
            return self.grow(dtype, 0)
        if dtype is BOOL and kind < 0.7:
            of = pick.choice([d for d in REAL if not d.is_half])
            name = pick.choice(["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"])
            return make.call(name, self.grow(of, depth - 1), self.grow(of, depth - 1), dtype=BOOL)
        if dtype is BOOL:
            names = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "maximum", "minimum"]
        elif dtype.is_float:
            names = ["add", "subtract", "multiply", "negative", "maximum", "abs", "floor", "sign"]
        else:
            names = ["add", "subtract", "multiply", "negative", "floor_divide", "remainder", "bitwise_xor", "invert"]
            names += ["left_shift", "right_shift", "minimum", "bitwise_or", "bitwise_and"]
        name = pick.choice(names)
        arity = 1 if name in ("negative", "invert", "abs", "floor", "sign") else 2
        return make.call(name, *(self.grow(dtype, depth - 1) for _ in range(arity)))


@pytest.mark.compiler
@pytest.mark.parametrize("seed", range(4))
def test_random_expressions_against_the_interpreter(make, compiled, seed):
    """Small numbers, so that floats are exact and contraction changes nothing."""
    grower = Grower(make, seed)
    buffers, body = [], []
    for dtype in REAL:
        buffers += [make.buffer(f"{letter}_{dtype.name}", dtype, (8,), Space.operand) for letter in "ab"]
    for dtype in REAL:
        for number in range(12):
            buffers.append(make.buffer(f"r{number}_{dtype.name}", dtype, (8,), Space.result))
            store = Store(
                buffer=f"r{number}_{dtype.name}", subscripts=(make.axis("i"),), value=grower.grow(dtype, 1 + number % 5)
            )
            body.append(store)
    loop = Loop(axis="i", start=make.number(0), stop=make.number(8), body=tuple(body))
    kernels = (Kernel(name="all", tasks=(), body=(loop,)),)
    nest = Nest(name="grown", sizes=(), scalars=(), buffers=tuple(buffers), kernels=kernels)
    draw = np.random.default_rng(seed)
    arrays = {
        b.name: draw.integers(-4 if b.dtype.is_signed else 0, 5, 8).astype(b.dtype.numpy)
        for b in buffers
        if b.space is Space.operand
    }
    with np.errstate(all="ignore"):
        wanted = run(nest, arrays, {})
    names = [b.name for b in buffers if b.space is Space.result]
    for name, found in zip(names, compiled(nest)(**arrays), strict=True):
        same = (found == wanted[name]) | ((found != found) & (wanted[name] != wanted[name]))
        assert same.all(), name


def test_intervals_hold(make):
    """The interval of a random expression of an axis contains each of its values."""
    grower = random.Random(3)

    def grow(depth: int):
        if depth == 0:
            return make.axis("i") if grower.random() < 0.6 else make.number(grower.randint(-5, 5))
        name = grower.choice(
            ["add", "subtract", "multiply", "maximum", "minimum", "floor_divide", "remainder", "negative", "abs"]
        )
        if name in ("negative", "abs"):
            return make.call(name, grow(depth - 1))
        right = make.number(grower.randint(1, 5)) if name in ("floor_divide", "remainder") else grow(depth - 1)
        return make.call(name, grow(depth - 1), right)

    meanings = {
        "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b, "maximum": max,
        "minimum": min, "floor_divide": lambda a, b: a // b, "remainder": lambda a, b: a % b, "negative": lambda a: -a,
        "abs": abs,
    }  # fmt: skip

    def value(expr, i: int) -> int:
        if hasattr(expr, "axis"):
            return i
        return expr.value if hasattr(expr, "value") else meanings[expr.function](*(value(a, i) for a in expr.arguments))

    for _ in range(300):
        expr = grow(4)
        found = interval(expr, {"i": Interval(low=-2, high=6)})
        assert all(found.low <= value(expr, i) <= found.high for i in range(-2, 7)), expr
