# SPDX-License-Identifier: Apache-2.0
"""Kernels on arrays of complex numbers: passed as they lie, whatever their strides, and never copied."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.emitter.layout import contiguous, layout_of, parts_of
from unrut.emitter.pipeline import emit
from unrut.errors import BindError
from unrut.program.fold_nodes import Fold
from unrut.program.pairs import paired
from unrut.program.walk import subexpressions
from unrut.reference import evaluate_with_bounds
from unrut.testing.layouts import relaid
from unrut.testing.nest_runs import run_program

SCALE = ur.parse("scale(z: c64[n, m], w: c64[m]) -> y\ny[i, j] = (2 - 1j)*z[i, j]*w[j]")
LAYOUTS = ("contiguous", "fortran", "reversed", "gaps", "broadcast", "offset", "unaligned", "field", "readonly")


@pytest.fixture
def Z():
    return (np.arange(12) + 1j * np.arange(12, 24)).astype(np.complex64).reshape(3, 4)


@pytest.fixture
def W():
    return np.array([1, 1j, -2, 3 - 1j], np.complex64)


@pytest.mark.parametrize("cut", [np.s_[:], np.s_[::-1, ::-2], np.s_[:, 1:1], np.s_[1, 2], np.s_[..., None]])
def test_parts_are_seen_through_any_strides(Z, cut):
    z = Z[cut]
    parts = parts_of(np.asarray(z))
    assert parts.shape == (*np.shape(z), 2)
    np.testing.assert_array_equal(parts[..., 0], np.real(z))
    np.testing.assert_array_equal(parts[..., 1], np.imag(z))
    assert np.shares_memory(parts, z) or not np.size(z) or np.ndim(z) == 0


def test_layouts_are_those_of_the_parts(Z):
    assert layout_of(Z) == contiguous((3, 4), pairs=True)
    assert layout_of(Z).strides == (8, 2, 1)
    assert layout_of(Z[:, ::-1]).strides == (None, None, 1)
    assert layout_of(Z, (None, 4)).strides == (8, 2, 1)
    aligned_to_a_part = np.zeros(100, np.uint8)[4:84].view(np.complex64)
    assert layout_of(aligned_to_a_part).aligned


def test_the_nest_knows_real_numbers_alone(Z, W):
    program = SCALE.program("c64[3, 4]", "c64[4]")
    nest = emit(program, stop="nest").nest
    assert not any(buffer.dtype.is_complex for buffer in nest.buffers)
    np.testing.assert_array_equal(run_program(program, {"z": Z, "w": W})["y"], (2 - 1j) * Z * W)


def test_headers_say_what_the_pointers_are():
    source = emit(SCALE.program("c64[3, m]", "c64[m]")).source
    assert "// z (read): c64[3, m] as float (re, im) pairs, strides given, 2, 1" in source.header
    assert "y (written): c64[3, m] as float (re, im) pairs" in source.header
    assert "const float *z" in source.header
    double = emit(ur.parse("f(z: c128[n]) -> y\ny[i] = abs(z[i])").program()).source
    assert "c128[n] as double (re, im) pairs" in double.header
    assert "y (written): f64[n], strides 1" in double.header
    assert "y[i, j] = (2 - 1j)*z[i, j]*w[j]" in source.code  # the note is the program as it was written


@pytest.mark.compiler
@pytest.mark.parametrize("layout", LAYOUTS)
def test_operands_of_every_layout(Z, W, layout):
    z, w = relaid(Z, layout), relaid(W, layout)
    np.testing.assert_array_equal(SCALE(z, w), (2 - 1j) * z * w)


@pytest.mark.compiler
@pytest.mark.parametrize("layout", ["contiguous", "fortran", "reversed", "gaps", "offset", "unaligned", "field"])
def test_results_of_every_layout(Z, W, layout):
    out = relaid(np.zeros_like(Z), layout)
    assert SCALE(Z, W, out=out) is out
    np.testing.assert_array_equal(out, (2 - 1j) * Z * W)


@pytest.mark.compiler
def test_arrays_of_no_elements_and_of_no_dimensions():
    assert SCALE(np.zeros((0, 4), np.complex64), np.zeros(4, np.complex64)).shape == (0, 4)
    single = ur.parse("f(z, w) -> y\ny = z*w")(np.complex64(2j), np.array(1 + 1j, np.complex64))
    assert single.shape == ()
    assert single == -2 + 2j


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("operands", "out", "message"),
    [
        (lambda z, w: (z.real.copy(), w), None, "`z` has dtype float32, the kernel was compiled for complex64"),
        (lambda z, w: (z.astype(np.complex128), w), None, "`z` has dtype complex128"),
        (lambda z, w: (parts_of(z), w), None, "`z` has dtype float32"),
        (lambda z, w: (z[0], w), None, "`z` has 1 dimensions, c64(n, m) has 2"),
        (lambda z, w: (z, w[:3]), None, "`w` has shape (3,)"),
        (lambda z, w: (z[:, ::-1], w), None, "has strides"),
        (lambda z, w: (z, w), lambda z: z.real, "`y` has dtype float32"),
        (lambda z, w: (z, w), lambda z: z, "shares memory"),
    ],
)
def test_what_does_not_fit_is_told_in_complex_numbers(Z, W, operands, out, message):
    kernel = SCALE.bind("c64[n, m]", "c64[m]").compile()
    with pytest.raises(BindError) as error:
        kernel(*operands(Z, W), out=None if out is None else out(Z))
    assert message in str(error.value)


@pytest.mark.compiler
def test_a_kernel_is_shown_as_it_is_called():
    kernel = SCALE.bind("c64[3, 4]", "c64[4]").compile()
    assert repr(kernel) == "<kernel scale(z: c64[3, 4], w: c64[4]) -> y: c64[3, 4]>"


@pytest.mark.compiler
def test_run_time_extents_and_threads(W):
    random = np.random.default_rng(1)
    kernel = SCALE.bind("c64[n, m]", "c64[m]").compile()
    for rows in (1, 7, 300):
        z = (random.integers(-3, 4, (rows, 4)) + 1j * random.integers(-3, 4, (rows, 4))).astype(np.complex64)
        for threads in (1, 3):
            np.testing.assert_array_equal(kernel(z, W, threads=threads), (2 - 1j) * z * W)


@pytest.mark.compiler
@pytest.mark.parametrize("dtype", ["c64", "c128"])
@pytest.mark.parametrize("n", [0, 1, 7, 40])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("y[i, t] = cumprod(z[i, t], along=t)", lambda z: np.cumprod(z, axis=1)),
        ("y[i, t] = cumprod(z[i, t], along=i)", lambda z: np.cumprod(z, axis=0)),
        ("y[i, t] = cumprod(z[i, t]*2j/(z[i, t] + 3), along=t) - 1", lambda z: np.cumprod(z * 2j / (z + 3), axis=1) - 1),
        ("y[i, t] = where(i > 0, cumprod(z[i, t], along=t), 1)", lambda z: np.cumprod(z, axis=1) * [[0], [1]] + [[1], [0]]),
        ("y[i] = sum[t](cumprod(z[i, t], along=t)*z[i, t])", lambda z: (np.cumprod(z, axis=1) * z).sum(axis=1)),
    ],
)  # fmt: skip
def test_running_products(dtype, n, text, wanted):
    random = np.random.default_rng(n)
    z = np.exp(0.1 * random.normal(size=(2, n)) + 2j * random.normal(size=(2, n)))
    bound = ur.parse(f"op(z: {dtype}[m, n]) -> y\n{text}").bind(z.astype({"c64": np.complex64, "c128": complex}[dtype]))
    judged = evaluate_with_bounds(bound.program, bound.arrays)["y"]
    np.testing.assert_allclose(judged.value, wanted(bound.arrays["z"].astype(complex)), rtol=1e-12, atol=1e-12)
    assert judged.accepts(bound()).all()
    assert judged.bound.max(initial=0) < 0.1


@pytest.mark.compiler
def test_a_running_product_over_a_range_by_data():
    op = ur.parse("op(z: c128[n], p: i64[m]) -> y\ny[i] = sum[t](cumprod(z[t], along=t))\naxis t: p[i] .. p[i + 1]")
    z, p = np.array([1j, 2, 1 + 1j, -1j]), np.array([0, 1, 1, 4])
    np.testing.assert_allclose(op(z, p), [1j, 0, 2 + (2 + 2j) + (2 - 2j)])


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("y[i, t] = cumprod(z[i, t], along=t)", 1),
        ("y[i, t] = cumprod(cumprod(z[i, t] + 1, along=i)*2j, along=t)", 2),
        ("y[i] = sum[t](cumprod(z[i, t]/(z[t, i] + 3), along=t), where=t < i)", 1),
        ("y[i] = sum[t](cumprod(z[i, t], along=t))\naxis t: p[i] .. p[i + 1]", 1),
    ],
)
def test_a_running_product_takes_one_product_for_each_place(text, steps):
    program = ur.parse(f"op(z: c64[8, 8], p: i64[9]) -> y\n{text}").program()
    real = paired(program).program
    assert len(real.cycles) == steps
    assert not any(
        isinstance(part, Fold) for s in real.statements for e in s.expressions() for part in subexpressions(e)
    )


@pytest.mark.compiler
@pytest.mark.parametrize(
    "text",
    [
        "h[t, i] = where(t > 0, cumprod(h[t - 1, i], along=i), z[i])*w[t]",
        "h[t, i] = where(t > 0, h[t - 1, i], 1) + cumprod(z[i], along=i)*w[t]",
        "h[t, i] = sum[j](cumprod(where(t > 0, h[t - 1, j], z[j]) + w[j]*i, along=j), where=j <= i)\naxis t: 3\naxis i: 5",
    ],
)
def test_running_products_inside_recurrences(text):
    op = ur.parse(f"op(z: c128[n], w: f64[n]) -> h\n{text}")
    z, w = np.exp(1j * np.arange(5.0)), np.linspace(0.5, 1.0, 5)
    judged = evaluate_with_bounds(op.bind(z, w).program, {"z": z, "w": w})["h"]
    assert judged.accepts(op(z, w)).all()


@pytest.mark.compiler
def test_the_first_place_of_a_running_product_is_its_factor():
    op = ur.parse("op(z: c128[n]) -> y\ny[t] = cumprod(z[t], along=t)")
    z = np.array([complex(np.inf, 1), 2j])
    for y in (op(z), op.reference(z)):
        assert (y[0].real, y[0].imag) == (np.inf, 1)


@pytest.mark.compiler
def test_running_products_over_ranges_by_data_that_a_guard_leaves_out():
    text = "op(z: c128[n], p: i64[m], q: i64[k]) -> y\ny[i] = where(i != 1, sum[t](cumprod(z[q[t]]*z[t], along=t)), 0)"
    op = ur.parse(f"{text}\naxis t: p[i] .. p[i + 1]")
    z, p, q = np.array([1j, 2, 1 + 1j, -1j]), np.array([0, 1, 3, 4]), np.array([1, 99, -5, 0])
    np.testing.assert_allclose(op(z, p, q), op.reference(z, p, q))
