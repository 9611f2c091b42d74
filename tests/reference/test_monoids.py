# SPDX-License-Identifier: Apache-2.0
"""Folds: values in order, laziness, bounds that hold f32 arithmetic, explanations, and the laws of monoids."""

from __future__ import annotations

import math

import numpy as np
import pytest

import unrut as ur
from unrut.reference import blocks, evaluate, evaluate_with_bounds, monoids
from unrut.testing.laws import check_monoid

VARIANCE = (
    "fold[j](n=1, mean=x[i, j], m2=0, identity=(0, 0, 0), combine=lambda a, b: (a.n + b.n, "
    "a.mean + (b.mean - a.mean)*b.n/(a.n + b.n), a.m2 + b.m2 + (b.mean - a.mean)**2*a.n*b.n/(a.n + b.n)), "
    "finish=lambda s: s.m2/s.n"
)


def value(text, **arrays):
    found = evaluate(ur.parse(text).program(*arrays.values()), arrays)
    return next(iter(found.values())) if len(found) == 1 else tuple(found.values())


def test_places_are_taken_in_row_major_order_of_the_axes_as_written():
    x = np.arange(1, 7).reshape(2, 3)
    digits = "identity=0, combine=lambda a, b: 10*a.k + b.k, finish=lambda s: s.k)"
    assert value(f"op(x) -> y\ny = fold[i, j](k=x[i, j], {digits}", x=x) == 123456
    assert value(f"op(x) -> y\ny = fold[j, i](k=x[i, j], {digits}", x=x) == 142536


def test_blocks_of_the_domain_change_nothing(monkeypatch):
    x = np.random.default_rng(0).normal(size=(3, 50)).astype(np.float32)
    text = f"op(x) -> y\ny[i] = {VARIANCE}, where=x[i, j] > -1)"
    whole = value(text, x=x)
    for module in (blocks, monoids):
        monkeypatch.setattr(module, "SCRATCH", 40)
    monkeypatch.setattr("unrut.reference.interpreter.SCRATCH", 40)
    np.testing.assert_array_equal(value(text, x=x), whole)


def test_a_place_that_is_left_out_reads_nothing():
    x = np.array([[1, math.nan], [3, 5]], np.float32)
    text = "op(x) -> y\ny[i] = fold[j](t=x[i, j], identity=0, combine=lambda a, b: a.t + b.t, finish=lambda s: s.t, where={})"
    np.testing.assert_array_equal(value(text.format("x[i, j] == x[i, j]"), x=x), [1, 8])
    shifted = (
        "op(x) -> y\ny[i] = fold[k](t=x[i - k, 0], identity=0, combine=lambda a, b: a.t + b.t, finish=lambda s: s.t, "
    )
    np.testing.assert_array_equal(value(shifted + "where=i >= k)\naxis i: 2\naxis k: 2", x=x), [1, 4])


def test_a_fold_of_sums_and_a_sum_of_folds():
    x = np.arange(12.0).reshape(3, 4)
    best = "identity=-inf, combine=lambda a, b: maximum(a.m, b.m), finish=lambda s: s.m)"
    assert value(f"op(x) -> y\ny = fold[i](m=sum[j](x[i, j]), {best}", x=x) == 38
    assert value(f"op(x) -> y\ny = sum[j](fold[i](m=x[i, j], {best})", x=x) == 38


@pytest.mark.parametrize("n", [1, 2, 30, 200])
def test_bounds_hold_arithmetic_in_f32_from_left_to_right(n):
    x = np.random.default_rng(n).normal(3, 1, (5, n)).astype(np.float32)
    program = ur.parse(f"op(x) -> y\ny[i] = {VARIANCE})").program(x)
    found = evaluate_with_bounds(program, {"x": x})["y"]
    count, mean, m2 = np.float32(0), np.zeros(5, np.float32), np.zeros(5, np.float32)
    one = np.float32(1)
    for term in x.T:
        apart = term - mean
        mean, m2 = mean + apart * one / (count + one), m2 + apart**2 * count * one / (count + one)
        count += one
    assert np.isfinite(found.bound).all()
    assert (np.abs(m2 / count - found.value) <= found.bound).all()
    assert (found.bound < 1e-3 * n).all()


def test_a_place_that_may_be_left_out_widens_the_bound():
    x = np.array([1, 3, 5], np.float32)
    total = "fold[i](t=x[i], identity=0, combine=lambda a, b: a.t + b.t, finish=lambda s: s.t, where=x[i]/3 <= 5/3)"
    found = evaluate_with_bounds(ur.parse(f"op(x) -> y\ny = {total}").program(x), {"x": x})["y"]
    assert found.value in (4, 9)
    assert found.bound >= 5
    assert found.undecided


def test_nan_is_traced_through_a_fold():
    x = np.array([[1, 2], [math.nan, 1]], np.float32)
    bound = ur.parse(f"op(x) -> y\ny[i] = {VARIANCE})").bind(x)
    assert "`x[1, 0]` is NaN already" in bound.explain(i=1).first_nan


def test_the_steps_of_a_fold_are_shown():
    x = np.array([[1, 2, 6]], np.float32)
    found = ur.parse(f"op(x) -> y\ny[i] = {VARIANCE}, where=j != 1)").bind(x).explain(i=0)
    (steps,) = found.foldings
    assert (steps.kind, steps.states, steps.places, steps.included) == ("fold", ["n", "mean", "m2"], 3, 2)
    assert [tuple(step.states) for step in steps.terms] == [(1, 1, 0), (2, 3.5, 12.5)]
    assert [step.running for step in steps.terms] == [0, 6.25]
    assert "j  n  mean    m2  so far  made of" in found.show()
    assert "x[0, 2] = 6" in found.show()


def plus(**options):
    return ur.monoid(identity=options.pop("identity", 0), **options)


@pytest.mark.parametrize(
    ("monoid", "law"),
    [
        (plus(combine=lambda a, b: 10 * a + b), "combine(combine(x, y), z) = combine(x, combine(y, z))"),
        (plus(identity=1, combine=lambda a, b: a + b), "combine(identity, x) = x"),
        (
            plus(identity=(0, 0), lift=lambda x: (x, 1), combine=lambda a, b: (b[0], a.v1 + b[1])),
            "combine(x, identity) = x",
        ),
    ],
)
def test_laws_that_do_not_hold_are_found(monoid, law):
    with pytest.raises(AssertionError) as caught:
        check_monoid(monoid, np.array([3.0, 0.0, 1.0, 1.0]))
    assert law in str(caught.value)


def test_laws_that_hold_are_not_accused_of_rounding():
    x = np.random.default_rng(1).normal(size=30).astype(np.float32)
    online = ur.monoid(
        identity={"m": -ur.inf, "t": 0.0},
        lift=lambda x, w: (x, w),
        combine=lambda a, b: {
            "m": ur.maximum(a.m, b.m),
            "t": ur.where(a.m >= b.m, a.t + b.t * ur.exp(b.m - a.m), a.t * ur.exp(a.m - b.m) + b.t),
        },
    )
    check_monoid(online, x, x**2)
    check_monoid(plus(combine=lambda a, b: a + b), x)
    check_monoid(plus(identity=True, combine=lambda a, b: a & b), x > 0)
