# SPDX-License-Identifier: Apache-2.0
"""Complex numbers in the reference: NumPy's values where those are the formula's, special values, bounds that can fail."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import unrut as ur
from unrut.reference import evaluate, evaluate_with_bounds
from unrut.reference.complex_calls import complex_call, pair

NAN, INF = float("nan"), float("inf")
FUNCTIONS = "exp log sqrt sin cos tan sinh cosh tanh square reciprocal conj negative real imag abs angle".split()


@pytest.fixture
def numbers():
    random = np.random.default_rng(5)
    return random.normal(size=400) * 3 + 1j * random.normal(size=400) * 3


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_are_numpys_on_finite_numbers(numbers, function):
    np.testing.assert_allclose(
        complex_call(function, [numbers]), getattr(np, function)(numbers), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize("function", ["add", "subtract", "multiply", "divide"])
def test_arithmetic_is_numpys_on_finite_numbers(numbers, function):
    other = np.roll(numbers, 7)
    wanted = getattr(np, function)
    np.testing.assert_allclose(complex_call(function, [numbers, other]), wanted(numbers, other), rtol=1e-15)
    np.testing.assert_allclose(complex_call(function, [numbers.real, other]), wanted(numbers.real, other), rtol=1e-15)
    np.testing.assert_allclose(complex_call(function, [numbers, other.real]), wanted(numbers, other.real), rtol=1e-15)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7, 20, -1, -4])
def test_powers_are_numpys(numbers, exponent):
    found = complex_call("power", [numbers, np.array([exponent])])
    np.testing.assert_allclose(found, numbers**exponent, rtol=1e-12)


def test_division_by_small_and_large_numbers_does_not_overflow_on_the_way():
    huge, small = 1e300 * (1 + 1j), 1e-300 * (1 - 1j)
    found = complex_call("divide", [np.array([huge, small]), np.array([huge, small])])
    np.testing.assert_allclose(found, [1, 1], rtol=1e-15)


def test_roots_and_magnitudes_of_huge_numbers_are_finite():
    z = np.array([1e308 + 1e308j, -1e308 + 0j])
    assert np.isfinite(complex_call("sqrt", [z])).all()
    assert complex_call("abs", [z])[1] == 1e308


def test_roots_keep_to_the_side_of_the_cut():
    z = pair(np.array([-4.0, -4.0, 0.0, -0.0]), np.array([0.0, -0.0, 0.0, -0.0]))
    found = complex_call("sqrt", [z])
    assert found.tolist() == [2j, -2j, 0, 0]
    assert np.signbit(found.imag).tolist() == [False, True, False, True]


def test_real_numbers_scale_both_parts():
    z = pair(np.array([1.0, 0.0]), np.array([1.0, INF]))
    found = complex_call("multiply", [np.array([INF, 2.0]), z])
    np.testing.assert_array_equal(found.real, [INF, 0])
    np.testing.assert_array_equal(found.imag, [INF, INF])


def run(program, text, **arrays):
    parsed = program(text)
    return evaluate(parsed, arrays)["y"], evaluate_with_bounds(parsed, arrays)["y"]


def draw(seed, *shape, dtype=np.complex64):
    random = np.random.default_rng(seed)
    return (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(dtype)


def test_small_integers_are_known_bit_for_bit(program):
    z = np.array([1 + 2j, 3 - 1j, -2j], np.complex64)
    value, bounded = run(program, "f(z: c64[3]) -> y\ny = sum[i](z[i]*z[i])", z=z)
    assert value == (z * z).sum()
    assert bounded.bound == 0


TEXTS = (
    "y[i] = z[i]*w[i]",
    "y[i] = z[i]/w[i]",
    "y[i] = exp(z[i])",
    "y[i] = log(z[i])",
    "y[i] = sqrt(z[i])",
    "y[i] = tan(z[i])",
    "y[i] = z[i]**3",
    "y[i] = sum[j](z[j]*w[i])",
    "y[i] = prod[j](z[j], where=j < 5)*w[i]",
)


@pytest.mark.parametrize("text", TEXTS)
def test_single_precision_is_accepted_and_what_is_further_off_is_not(program, text):
    z, w = draw(1, 20), draw(2, 20)
    value, bounded = run(program, f"f(z: c64[20], w: c64[20]) -> y\n{text}", z=z, w=w)
    assert value.dtype == np.complex64
    assert bounded.accepts(value).all()
    step = np.array([part.bound.max() * 3 + 1e-6 for part in bounded.parts], np.float32)
    assert not bounded.accepts(value + step[0]).any()
    assert not bounded.accepts(value + np.complex64(1j) * step[1]).any()
    assert not bounded.accepts(np.conj(value)).all()


@pytest.mark.parametrize("text", TEXTS)
def test_bounds_are_narrow_for_ordinary_numbers(program, text):
    z, w = draw(3, 20), draw(4, 20)
    _, bounded = run(program, f"f(z: c64[20], w: c64[20]) -> y\n{text}", z=z, w=w)
    assert (bounded.bound <= 1e-3 * np.maximum(np.abs(bounded.value), 1e-2)).all()
    assert not bounded.undecided.any()


def test_the_bound_is_one_of_the_magnitude(program):
    _, bounded = run(program, "f(z: c64[9]) -> y\ny[i] = z[i]*z[i]", z=draw(6, 9))
    re, im = bounded.parts
    np.testing.assert_allclose(bounded.bound, np.hypot(re.bound, im.bound))
    np.testing.assert_array_equal(bounded.value, re.value + 1j * im.value)


def test_one_part_may_be_known_where_the_other_is_not(program):
    z = pair(np.array([1.0]), np.array([0.0])).astype(np.complex64)
    _, bounded = run(program, "f(z: c64[1]) -> y\ny[i] = exp(z[i])", z=z)
    assert bounded.parts[0].bound > 0
    assert bounded.parts[1].bound == 0


def test_a_difference_of_overflows_is_not_judged(program):
    z = np.array([3e38 + 3e38j], np.complex64)
    _, bounded = run(program, "f(z: c64[1]) -> y\ny[i] = z[i]*z[i]*conj(z[i])", z=z)
    assert np.isinf(bounded.bound).all()


def test_explanations_show_complex_terms():
    op = ur.parse("f(z: c64[3], w: c64[3]) -> y\ny = sum[i](z[i]*w[i])")
    z, w = np.array([1 + 2j, 3, 1j], np.complex64), np.array([1j, 2, -1], np.complex64)
    shown = op.bind(z, w).explain().show()
    assert "y[] = 4+0j" in shown
    assert "z[0] = 1+2j" in shown
    assert "w[2] = -1+0j" in shown


def test_the_origin_of_a_nan_is_found():
    op = ur.parse("f(z: c64[3]) -> y\ny = sum[i](z[i]/(z[i] - 1))")
    shown = op.bind(np.array([2, 1, 3], np.complex64)).explain().show()
    assert "not finite" in shown
    assert "i = 1" in shown


@pytest.mark.parametrize("budget", [2, 2**22])
def test_what_is_left_out_of_a_product_is_no_factor(budget, monkeypatch):
    monkeypatch.setattr("unrut.reference.folding.SCRATCH", budget)
    random = np.random.default_rng(3)
    z = np.array([2, INF, 3, -1j, INF, 0.5 + 1j], np.complex128)
    product = ur.parse("op(z, m) -> y\ny[i] = prod[k](z[k], where=m[i, k])")
    running = ur.parse("op(z, p) -> q\nq[k] = cumprod(z[k], along=k)\naxis k: p[i] .. p[i + 1]")
    masks = random.random((20, 6)) < 0.4
    for y, mask in zip(product.reference(z, masks), masks, strict=True):
        with np.errstate(invalid="ignore"):
            wanted = np.prod(z[mask])
        np.testing.assert_array_equal([y.real, y.imag], [np.real(wanted), np.imag(wanted)])
    p = np.array([0, 1, 1, 3, 6], np.int32)
    q = running.reference(z, p)
    for first, last in pairwise(p):
        with np.errstate(invalid="ignore"):
            wanted = np.cumprod(z[first:last])
        np.testing.assert_array_equal([q[first:last].real, q[first:last].imag], [wanted.real, wanted.imag])
