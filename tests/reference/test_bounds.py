# SPDX-License-Identifier: Apache-2.0
"""Bounds hold for kernels that are as wrong as they may be, are not far above them, and know what they don't know."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import unrut as ur
from unrut.program.extents import evaluate as extent_value
from unrut.program.functions import FUNCTIONS
from unrut.program.types import DType
from unrut.reference import ULPS, Bounded, evaluate, evaluate_with_bounds
from unrut.reference.bounds import reductions as bound_reductions
from unrut.reference.bounds.exponentials import measured_logsumexp, measured_softmax
from unrut.reference.bounds.functions import EVEN, MONOTONE, STEPS, one_argument, selection, two_arguments
from unrut.reference.bounds.measured import Measured, exact
from unrut.reference.bounds.reductions import measured_prod, measured_sum
from unrut.testing.programs import programs

f32 = np.float32
NAN, INF = float("nan"), float("inf")

TEXTS = [
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i, j] = sum[k](a[i, k]*b[k, j])",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i, j] = sum[k](a[i, k]*b[k, j]*a[0, k], initial=1)",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\nu[i, k] = exp(a[i, k]/3)\ny[i, j] = sum[k](u[i, k]*(b[k, j] - u[i, k]))",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i, j] = logsumexp[k](a[i, k]*b[k, j])*tanh(b[2, j])",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\np[i, k] = softmax(a[i, k]*10, along=k)\ny[i, j] = sum[k](p[i, k]*b[k, j])",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i] = prod[k](1 + a[i, k]/8) + max[j](b[7, j] - a[i, 2])",
    (
        "f(a: f32[5, 40], b: f32[40, 3]) -> y\nm[i] = sum[k](a[i, k])/40\nv[i] = sum[k]((a[i, k] - m[i])**2)/40\n"
        "y[i, k] = (a[i, k] - m[i])/sqrt(v[i] + 1e-5)"
    ),
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i] = floor(sum[k](a[i, k]*b[k, 0]))",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i] = argmax[k](exp(a[i, k]/9)*0.001)",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i, k] = where(a[i, k] > b[k, 0], log(abs(a[i, k])), arctan2(a[i, k], b[k, 1]))",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i, k] = a[i, k] % (0.3 + abs(b[k, 0])) + a[i, k]//1.7 + hypot(b[k, 1], a[i, k])",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i, j] = median[k](exp(a[i, k]/3)*b[k, j])",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i, j] = quantile[k](a[i, k]*b[k, j], 0.3 + abs(tanh(b[3, j]))/3)",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i, r] = kth_smallest[k, j](exp(a[i, k])*b[k, j], r, where=a[i, k] < 1)\naxis r: 9",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i, r] = arg_kth_smallest[k](exp(a[i, k]/9)*0.001, r)",
    "f(a: f32[5, 40], b: f32[40, 3]) -> y\ny[i] = count[k](sin(a[i, k]*3) > cos(b[k, 2]))",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("wide", [False, True])
def test_no_kernel_leaves_the_bounds(assert_sound, program, text, wide):
    for seed in range(3):
        random = np.random.default_rng(seed)
        dtype = np.float64 if wide else f32
        arrays = {"a": random.normal(size=(5, 40)).astype(dtype), "b": random.normal(size=(40, 3)).astype(dtype)}
        judged = assert_sound(program(text.replace("f32", "f64") if wide else text), arrays)
        assert np.isfinite(judged["y"].bound).all(), "a vacuous bound judges nothing"


@given(programs(exact=False), st.integers(0, 2**31))
def test_no_kernel_of_a_random_program_leaves_the_bounds(assert_sound, knows, sample, seed):
    random = np.random.default_rng(seed)
    parsed = ur.parse(sample.text).program()
    assume(knows(parsed))
    arrays = {}
    for operand in parsed.operands:
        shape = [extent_value(e, sample.sizes) for e in operand.shape]
        drawn = random.normal(size=shape) * 3 if operand.dtype.is_float else random.integers(-5, 6, shape)
        arrays[operand.name] = drawn.astype(operand.dtype.numpy)
        if operand.dtype.is_float and random.random() < 0.2:
            arrays[operand.name].reshape(-1)[:1] = random.choice([INF, -INF, NAN, 0, 1e30])
    assert_sound(parsed, arrays, {name: random.normal() for name in parsed.scalars}, seeds=[seed])


@given(programs(exact=True), st.integers(0, 2**31))
def test_small_integers_have_bound_zero_or_are_reproduced(assert_sound, knows, sample, seed):
    random = np.random.default_rng(seed)
    parsed = ur.parse(sample.text).program()
    assume(knows(parsed))
    arrays = {}
    for operand in parsed.operands:
        shape = [extent_value(e, sample.sizes) for e in operand.shape]
        arrays[operand.name] = random.integers(-3, 4, shape).astype(operand.dtype.numpy)
    assert_sound(parsed, arrays, {name: float(random.integers(-3, 4)) for name in parsed.scalars}, seeds=[seed])


def test_the_test_would_see_a_bound_that_is_too_small(program, monkeypatch, assert_sound):
    monkeypatch.setattr(bound_reductions, "rounding", _Half)
    parsed = program("f(x: f32[3000]) -> y\ny = sum[i](x[i])")
    x = np.full(3000, 0.1, f32)
    with pytest.raises(AssertionError):
        assert_sound(parsed, {"x": x}, seeds=range(4))


class _Half:
    """Roundings a thousand times too small."""

    def __init__(self, dtype):
        self.unit, self.tiny, self.largest, self.integers = dtype.roundoff / 1000, 0.0, 3e38, 2.0**24


@pytest.mark.parametrize("n", [2, 10, 1000])
def test_a_dot_product_has_the_textbook_bound(program, n):
    random = np.random.default_rng(n)
    a, b = random.normal(size=(2, n)).astype(f32)
    found = evaluate_with_bounds(program(f"f(a: f32[{n}], b: f32[{n}]) -> y\ny = sum[i](a[i]*b[i])"), {"a": a, "b": b})
    textbook = n * 2.0**-24 * np.abs(a.astype(float) * b).sum()
    assert 0.9 * textbook <= found["y"].bound <= 1.01 * textbook


def test_errors_of_factors_are_carried(program):
    parsed = program("f(a: f32[8], b: f32[8]) -> (y, u)\nu[k] = (a[k] + 100) - 100\ny = sum[k](u[k]*b[k])")
    random = np.random.default_rng(0)
    arrays = {"a": random.normal(size=8).astype(f32), "b": random.normal(size=8).astype(f32)}
    found = evaluate_with_bounds(parsed, arrays)
    carried = (found["u"].bound * np.abs(arrays["b"])).sum()
    assert carried <= found["y"].bound <= 1.2 * carried


def test_integers_are_exact_in_any_order(program):
    text = "f(a: f32[50, 60], b: f32[60]) -> (y, m, c)\ny[i] = sum[k](a[i, k]*b[k])\n"
    text += "m[i] = argmax[k](a[i, k]*b[k])\nc[i] = count[k](a[i, k]*b[k] + 1 > 0)"
    random = np.random.default_rng(0)
    arrays = {"a": random.integers(-9, 10, (50, 60)).astype(f32), "b": random.integers(-9, 10, 60).astype(f32)}
    for bounded in evaluate_with_bounds(program(text), arrays).values():
        assert not bounded.bound.any()
        assert not bounded.undecided.any()


class TestPropagation:
    """Whatever is possible for the arguments is possible for the result."""

    @pytest.mark.parametrize(
        ("measured", "plain"),
        [
            (lambda x: measured_logsumexp(x, DType.f64), lambda v: np.log(np.exp(v).sum(axis=-1))),
            (lambda x: measured_softmax(x, DType.f64), lambda v: np.exp(v) / np.exp(v).sum(axis=-1, keepdims=True)),
            (lambda x: measured_sum(x, DType.f64), lambda v: v.sum(axis=-1)),
            (lambda x: measured_prod(x, DType.f64), lambda v: v.prod(axis=-1)),
            (lambda x: two_arguments("remainder", x, known(x, 0.7), DType.f64), lambda v: np.remainder(v, 0.7)),
            (lambda x: two_arguments("floor_divide", x, known(x, 0.7), DType.f64), lambda v: np.floor_divide(v, 0.7)),
            (lambda x: two_arguments("hypot", x, known(x, 0.7), DType.f64), lambda v: np.hypot(v, 0.7)),
            (lambda x: two_arguments("logaddexp", x, known(x, 0.7), DType.f64), lambda v: np.logaddexp(v, 0.7)),
            (lambda x: two_arguments("arctan2", x, known(x, -0.7), DType.f64), lambda v: np.arctan2(v, -0.7)),
            (lambda x: two_arguments("power", x, known(x, 2.0), DType.f64), lambda v: v**2),
            (lambda x: selection("maximum", x, known(x, 0.7), DType.f64), lambda v: np.maximum(v, 0.7)),
            *((lambda x, f=f: one_argument(f, x, DType.f64, -INF), getattr(np, f)) for f in sorted(MONOTONE - {"erf"})),
            *((lambda x, f=f: one_argument(f, x, DType.f64, -INF), getattr(np, f)) for f in sorted(STEPS | EVEN)),
            *((lambda x, f=f: one_argument(f, x, DType.f64, -INF), getattr(np, f)) for f in ("sin", "cos", "tan")),
        ],
    )
    @pytest.mark.parametrize("size", [1e-3, 0.3, 3.0])
    def test_perturbed_arguments_give_results_within_the_bound(self, measured, plain, size):
        random = np.random.default_rng(0)
        value = random.normal(size=(200, 5))
        error = size * random.random((200, 5))
        undecided = np.zeros((200, 5), np.bool_)
        with np.errstate(all="ignore"):
            found = measured(Measured(value=value, error=error, undecided=undecided))
            judged = Bounded(value=found.value, bound=found.error * (1 + 1e-9), undecided=found.undecided)
            for sign in (0, 1, -1, *(random.choice([-1, 0.3, 1], (200, 5)) for _ in range(20))):
                result = plain(value + sign * error)
                assert judged.accepts(result).all()
        assert size > 0.5 or np.isfinite(found.error).any()

    def test_many_equal_terms_of_logsumexp_and_softmax(self, program):
        text = "f(x: f32[1000]) -> (y, p)\ny = logsumexp[i](x[i])\np[i] = softmax(x[i], along=i)"
        found = evaluate_with_bounds(program(text), {"x": np.zeros(1000, f32)})
        assert 1000 * 2.0**-24 <= found["y"].bound <= 1100 * 2.0**-24
        assert (1e-3 * 1000 * 2.0**-24 <= found["p"].bound).all()

    def test_a_product_is_not_taken_for_a_square(self, program):
        text = "f(x: f32[1], z: f32[1]) -> y\ny[i] = sqrt(((x[i] + 1) - 1)*z[i])"
        arrays = {"x": np.array([1e-9], f32), "z": np.array([1], f32)}
        assert evaluate_with_bounds(program(text), arrays)["y"].bound[0] == INF
        text = "f(x: f32[1], z: f32[1]) -> y\ny[i] = sqrt(((x[i] + 1) - 1)*((x[i] + 1) - 1)) + z[i]"
        assert evaluate_with_bounds(program(text), arrays)["y"].bound[0] < 1e-5


def known(x, value):
    return exact(np.full_like(x.value, value))


class TestDecisions:
    def test_a_comparison_within_its_errors_covers_both_branches(self, program):
        text = "f(x: f32[3]) -> y\ny[i] = where(x[i]*x[i]*0.1 > 0.1, 5 + x[i], x[i] - 5)"
        found = evaluate_with_bounds(program(text), {"x": np.array([0.5, 1, 2], f32)})["y"]
        assert found.undecided.tolist() == [False, True, False]
        assert found.bound[1] >= 10
        assert found.bound[0] < 1e-5
        assert found.bound[2] < 1e-5
        assert found.accepts(np.array([-4.5, 6, 7], f32)).all()
        assert found.accepts(np.array([-4.5, -4, 7], f32)).all()
        assert not found.accepts(np.array([5.5, -4, 7], f32)).all()

    def test_an_undecided_branch_may_hold_an_invalid_read(self, program):
        text = "f(x: f32[4]) -> y\naxis i: 6\ny[i] = where(i < 4, where(x[i]*x[i]*0.1 > 0.1, x[i], 0), 0)"
        found = evaluate_with_bounds(program(text), {"x": np.array([0, 1, 2, 3], f32)})["y"]
        assert found.undecided.tolist() == [False, True, False, False, False, False]
        assert np.isfinite(found.bound).all()

    @pytest.mark.parametrize(
        ("function", "x", "span"), [("floor", 0.3, 1), ("ceil", 0.3, 1), ("rint", 0.5 / 10, 1), ("trunc", 0.3, 1)]
    )
    def test_a_step_within_its_errors_covers_both_sides(self, program, function, x, span):
        text = f"f(x: f32[2]) -> y\ny[i] = {function}(x[i]*10)"
        found = evaluate_with_bounds(program(text), {"x": np.array([x, 0.27], f32)})["y"]
        assert found.undecided.tolist() == [True, False]
        assert found.bound.tolist() == [pytest.approx(span), 0]

    def test_a_cast_to_integers(self, program):
        text = "f(x: f32[2]) -> y\ny[i] = cast(x[i]*10, i32)"
        found = evaluate_with_bounds(program(text), {"x": np.array([0.3, 0.27], f32)})["y"]
        assert found.undecided.tolist() == [True, False]
        assert found.bound.tolist() == [1, 0]

    def test_argmax_admits_every_place_within_the_errors_of_the_best(self, program):
        text = "f(x: f32[6]) -> y\ny = argmax[i](exp(x[i]))"
        near = np.nextafter(f32(1), f32(2))
        found = evaluate_with_bounds(program(text), {"x": np.array([0, 1, 0, 0, near, 0.5], f32)})["y"]
        assert found.undecided
        assert found.bound == 3
        assert found.value == 4
        exact = evaluate_with_bounds(program(text), {"x": np.array([0, 1, 0, 0, 2, 2], f32) / 2})["y"]
        assert exact.undecided
        assert exact.bound == 1
        known = evaluate_with_bounds(program("f(x: f32[3]) -> y\ny = argmax[i](x[i])"), {"x": np.array([0, 2, 2], f32)})
        assert not known["y"].undecided
        assert known["y"].bound == 0
        assert known["y"].value == 1

    def test_argmax_admits_a_place_whose_error_reaches_the_best(self, program):
        text = "f(x: f32[3]) -> y\ny = argmax[i](where(i == 0, (x[i] + 1e8) - 1e8, x[i]))"
        found = evaluate_with_bounds(program(text), {"x": np.array([0, 1, 4], f32)})["y"]
        assert (found.value, found.bound, found.undecided) == (2, 2, True)


class TestSpecialValues:
    def bounded(self, program, body, x):
        return evaluate_with_bounds(program(f"f(x: f32[1]) -> y\ny[i] = {body}"), {"x": np.array([x], f32)})["y"]

    @pytest.mark.parametrize(
        ("body", "x", "value"),
        [("1/x[i]", 0, INF), ("log(x[i])", 0, -INF), ("sqrt(x[i])", -1, NAN), ("x[i]*0", INF, NAN), ("x[i] + 1", INF, INF),
         ("exp(x[i])", -INF, 0), ("tanh(x[i]*2)", INF, 1), ("maximum(x[i], exp(x[i]))", NAN, NAN),
         ("x[i] - x[i]*0.1", NAN, NAN)],
    )  # fmt: skip
    def test_what_is_special_for_sure_is_demanded(self, program, body, x, value):
        found = self.bounded(program, body, x)
        assert found.bound[0] == 0
        assert found.accepts(np.array([value], f32))[0]
        assert not found.accepts(np.array([17], f32))[0]
        for other in {INF, -INF, NAN} - {value}:
            if not (np.isnan(other) and np.isnan(value)):
                assert not found.accepts(np.array([other], f32))[0]

    @pytest.mark.parametrize("body", ["x[i]*1e30", "1/(exp(x[i]*0) - 1)", "sqrt(exp(-x[i]*0) - 1)"])
    def test_what_may_overflow_or_leave_the_domain_is_not_judged(self, program, body):
        assert self.bounded(program, body, 1e10).bound[0] == INF

    def test_roots_of_sums_of_squares_are_judged_near_zero(self, program):
        text = "f(x: f32[2], z: f32[2]) -> y\ny = sqrt(sum[i]((x[i]*z[i] - z[i]*0.1)**2))/(1 + sum[i](exp(x[i])))"
        found = evaluate_with_bounds(program(text), {"x": np.full(2, 0.1, f32), "z": np.full(2, 3, f32)})["y"]
        assert np.isfinite(found.bound)

    def test_a_zero_of_unknown_sign_is_not_divided_by(self, program):
        for body, known in [("1/x[i]", True), ("1/(sum[j](x[j])*x[i])", False), ("1/maximum(x[i], -x[i])", False)]:
            assert (self.bounded(program, body, 0.0).bound[0] == 0) == known


def test_every_function_has_its_ulps():
    exact = {"left_shift", "right_shift", "bitwise_and", "bitwise_or", "bitwise_xor", "invert"}
    judged = {name for name, f in FUNCTIONS.items() if f.precedence >= 60} - exact
    assert judged - set(ULPS) <= {"isnan", "isinf", "isfinite", "signbit"}


def test_values_agree_with_plain_evaluation(program):
    parsed = program(TEXTS[2])
    random = np.random.default_rng(0)
    arrays = {"a": random.normal(size=(5, 40)).astype(f32), "b": random.normal(size=(40, 3)).astype(f32)}
    plain, judged = evaluate(parsed, arrays), evaluate_with_bounds(parsed, arrays)
    assert plain.keys() == judged.keys()
    assert np.allclose(plain["y"], judged["y"].value, rtol=1e-5)
    assert judged["y"].value.dtype == np.float64
    assert judged["y"].undecided.dtype == np.bool_


def test_what_is_added_to_a_single_number(program):
    parsed = program("f(x: f32[6]) -> y\ny[()] = 1.0\ny[()] += sum[e](x[e])\ny[()] += x[0]")
    found = evaluate_with_bounds(parsed, {"x": np.arange(6, dtype=np.float32)})["y"]
    assert (found.value, found.bound) == (16, 0)
