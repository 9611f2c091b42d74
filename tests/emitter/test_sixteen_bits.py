# SPDX-License-Identifier: Apache-2.0
"""Floats of 16 bits and small integers in C: what is computed in f32, where it is rounded, how arrays are passed."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import unrut as ur
from unrut.emitter import compile_program, emit
from unrut.emitter.graph.halves import widen_halves
from unrut.emitter.layout import layout_of
from unrut.errors import BindError
from unrut.program.nodes import Call, Read, Role
from unrut.program.show import show
from unrut.program.types import DType
from unrut.program.walk import subexpressions
from unrut.testing.layouts import LAYOUTS, RESULT_LAYOUTS, relaid

HALVES = {DType.f16: np.dtype(np.float16), DType.bf16: np.dtype(ml_dtypes.bfloat16)}
SMALL = [d for d in DType if d.size < 4 and d is not DType.bool] + [DType.u32, DType.u64]
TEXT = """
op(x: f16[n, 4], seg: i64[n], b: bf16[4]) -> (y, z, total, s)
axis j: 4
axis k: 5
y[i, j] = where(x[i, j] > 0.1, x.outside(0.25)[i + 1, j]*3, cast(x[i, j], bf16) + b[j]) + j
z[i] = max[j](x[i, j] - 1)*sum[j](x[i, j]*b[j], dtype=f16)
total[k, j] = cast(0.5, f16)
total[seg[i], j] += x[i, j]*x[i, j]
s[i] = softmax(x[i, 0], along=i)
"""


def parsed(text: str):
    return ur.parse(text).program()


def test_nothing_is_computed_in_16_bits():
    before = parsed(TEXT)
    after = widen_halves(before)
    assert any(e.dtype.is_half for s in before.statements for e in subexpressions(s.body) if isinstance(e, Call))
    for statement in after.statements:
        assert not (statement.role is Role.adds and statement.dtype.is_half)
        for expr in subexpressions(statement.body):
            if isinstance(expr, Call):
                assert not any(e.dtype.is_half for e in (expr, *expr.arguments)), show(after)
    assert [after.dtype_of(name) for name in before.results] == [before.dtype_of(name) for name in before.results]
    plain = parsed("op(x: f32[n]) -> y\ny[i] = x[i]")
    assert widen_halves(plain) is plain


def test_what_is_copied_is_not_converted():
    body = widen_halves(parsed("op(x: f16[n]) -> y\ny[i] = where(i > 2, x[i], x[0])")).statement("y").body
    assert [e.dtype for e in subexpressions(body) if isinstance(e, Read)] == [DType.f16, DType.f16]
    assert "from" not in emit(parsed("op(x: bf16[n]) -> y\ny[i] = x[i]")).source.code.split("// y\n")[1]


def test_headers_say_what_words_are():
    source = emit(parsed("op(x: f16[n], b: bf16[n]) -> y\ny[i] = x[i]*b[i]")).source
    for text in (
        "typedef uint16_t ur_f16;",
        "typedef uint16_t ur_bf16;",
        "const ur_f16 *x, const ur_bf16 *b, float *y",
    ):
        assert text in source.header, text
    assert "typedef" not in emit(parsed("op(x: u8[n]) -> y\ny[i] = x[i]*2")).source.header


@pytest.mark.compiler
@pytest.mark.parametrize("dtype", HALVES)
def test_one_rounding_for_an_expression(dtype):
    """The products are exact in f32, so that contraction changes nothing."""
    random = np.random.default_rng(1)
    x, y, z = (
        np.ldexp(random.standard_normal(5000), random.integers(-9, 9, 5000)).astype(HALVES[dtype]) for _ in "xyz"
    )
    name = dtype.name
    kernel = compile_program(parsed(f"op(x: {name}[n], y: {name}[n], z: {name}[n]) -> w\nw[i] = x[i]*y[i] + z[i]"))
    wide = [a.astype(np.float32) for a in (x, y, z)]
    with np.errstate(over="ignore"):
        wanted = (wide[0] * wide[1] + wide[2]).astype(HALVES[dtype])
    found = kernel(x, y, z)
    assert found.dtype == HALVES[dtype]
    assert np.array_equal(found.view(np.uint16), wanted.view(np.uint16))


@pytest.mark.compiler
@pytest.mark.parametrize("dtype", HALVES)
def test_every_word_is_copied_and_converted(dtype):
    words = np.arange(2**16, dtype=np.uint16).view(HALVES[dtype])
    kernel = compile_program(parsed(f"op(x: {dtype.name}[n]) -> (y, z)\ny[i] = cast(x[i], f32)\nz[i] = -x[i]"))
    y, z = kernel(words)
    assert np.array_equal(y, words.astype(np.float32), equal_nan=True)
    assert np.array_equal(z.astype(np.float32), -words.astype(np.float32), equal_nan=True)
    assert np.array_equal(np.signbit(z.astype(np.float32))[y == y], ~np.signbit(y)[y == y])


@pytest.mark.compiler
@pytest.mark.parametrize("dtype", SMALL)
def test_arrays_that_lie_anyhow(dtype):
    """Read and written where they are, whatever their strides and addresses."""
    program = parsed(f"op(x: {dtype.name}[6, 7]) -> y\ny[i, j] = x[5 - i, j] + x[i, j]")
    plain = np.random.default_rng(2).integers(0, 100, (6, 7)).astype(dtype.numpy)
    for number, layout in enumerate(LAYOUTS):
        x, out = relaid(plain, layout), relaid(np.zeros_like(plain), RESULT_LAYOUTS[number % len(RESULT_LAYOUTS)])
        kernel = compile_program(program, {"x": layout_of(x), "y": layout_of(out)})
        kernel(x, out=out)
        with np.errstate(all="ignore"):
            assert np.array_equal(out.astype(np.float64), (x[::-1] + x).astype(np.float64)), layout


@pytest.mark.compiler
def test_arrays_of_another_type_are_refused():
    kernel = compile_program(parsed("op(x: bf16[n]) -> y\ny[i] = x[i]*2"))
    with pytest.raises(BindError, match=r"astype\(ml_dtypes.bfloat16\)"):
        kernel(np.ones(3, np.float16))
    with pytest.raises(BindError, match="dtype"):
        kernel(np.ones(3, np.uint16))


@pytest.mark.compiler
@pytest.mark.parametrize("dtype", HALVES)
def test_additions_are_rounded_at_the_end(dtype):
    """Each term alone would be lost in 16 bits."""
    name = dtype.name
    text = f"op(x: {name}[n], p: u8[n]) -> t\naxis k: 2\nt[k] = cast(2048, {name})\nt[p[i]] += x[i]"
    x, p = np.full(200, 0.5, HALVES[dtype]), np.array([0, 1] * 100, np.uint8)
    kernel = compile_program(parsed(text))
    wanted = np.full(2, 2098, np.float32).astype(HALVES[dtype])
    assert np.array_equal(kernel(x, p), wanted)
    assert np.array_equal(ur.parse(text).reference(x, p), wanted)


@pytest.mark.compiler
def test_small_integers_are_compared_in_their_own_width():
    text = "op(x: u8[n], k: i32[n]) -> (y, z)\ny[b] = count[i](x[i] == b)\nz[b] = count[i](k[i] < b - 3)\naxis b: 256"
    source = emit(parsed(text)).source.code
    assert "(int64_t)x" not in source
    assert "(int64_t)k" not in source
    x = np.random.default_rng(4).integers(0, 256, 999).astype(np.uint8)
    found = compile_program(parsed(text))(x, x.astype(np.int32) - 9)
    assert np.array_equal(found[0], np.bincount(x, minlength=256))
    assert np.array_equal(found[1], [(x.astype(int) - 9 < b - 3).sum() for b in range(256)])
