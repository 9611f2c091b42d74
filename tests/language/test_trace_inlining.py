# SPDX-License-Identifier: Apache-2.0
"""Ops that call ops."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.errors import BindError, NameClashError, NotationError, ShapeError

X = np.arange(12.0).reshape(3, 4)


@ur.op
def normalised(x, *, eps=1e-5, by=1):
    n, j = ur.axes("n j")
    mean, y = ur.tensor("mean"), ur.tensor("y")
    mean[n] = ur.sum[j](x[n, j]) / x.shape[1]
    y[n, j] = by * (x[n, j] - mean[n]) / (1 + eps)
    return y, mean


@ur.op
def windows(x):
    t = ur.axis("t", x.shape[0] - 1)
    y = ur.tensor("y")
    y[t] = x[t] + x[t + 1]
    return y


def expected(x, eps, by=1):
    mean = x.mean(1)
    return by * (x - mean[:, None]) / (1 + eps), mean


def test_results_are_tensors_of_the_caller():
    @ur.op
    def caller(x):
        n, j = ur.axes("n j")
        y, mean = normalised(x, eps=0.5, by=2)
        z = ur.tensor("z")
        z[n, j] = y[n, j] + mean[n]
        return z, y

    z, y = caller.reference(X)
    np.testing.assert_allclose(z, expected(X, 0.5, 2)[0] + X.mean(1)[:, None])
    np.testing.assert_allclose(y, expected(X, 0.5, 2)[0])
    assert caller.bind(X).intermediates().keys() == {"mean", "y", "z"}


def test_the_callers_names_stay_and_inlined_ones_give_way():
    @ur.op
    def caller(x):
        first, _ = normalised(x)
        second, mean = normalised(first)
        y = ur.tensor("y")  # declared after the calls
        n, j = ur.axes("n j")
        y[n, j] = second[n, j] + mean[n]
        return y

    assert [s.target for s in caller.definition().statements] == [
        "mean", "normalised_y", "normalised_mean", "normalised_y2", "y",
    ]  # fmt: skip
    twice = expected(expected(X, 1e-5)[0], 1e-5)
    np.testing.assert_allclose(caller.reference(X), twice[0] + twice[1][:, None], atol=1e-12)
    shown = caller.show("f64[3, 4]")
    assert ur.parse(shown).program() == caller.program("f64[3, 4]")


def test_axes_give_way_to_tensors_scalars_and_hand_given_ranges():
    @ur.op
    def caller(n, x, *, j=2.0):
        """`n` is a tensor and `j` a scalar here; they are axes in the callee."""
        y, _ = normalised(x, by=3)
        a, b = ur.axes("a b")
        z = ur.tensor("z")
        z[a, b] = y[a, b] * n[a] * j
        return z

    np.testing.assert_allclose(caller.reference(X[:, 0], X), expected(X, 1e-5, 3)[0] * X[:, :1] * 2.0)

    @ur.op
    def with_ranges(x, y):
        t = ur.axis("t", 2)
        long, short = windows(x), windows(y)
        z = ur.tensor("z")
        z[t] = long[t] + short[t] + long[t + 1]
        return z, long, short

    x, y = np.arange(6.0), np.arange(3.0)
    z, long, short = with_ranges.reference(x, y)
    assert (long.shape, short.shape, z.shape) == ((5,), (2,), (2,))
    np.testing.assert_array_equal(z, (x[:2] + x[1:3]) + (y[:-1] + y[1:]) + (x[1:3] + x[2:4]))


def test_equal_hand_given_ranges_share_an_axis():
    @ur.op
    def caller(x):
        return windows(x), windows(x)

    assert [a.name for a in caller.definition().axes] == ["t"]


def test_calls_nest():
    @ur.op
    def middle(x):
        y, _ = normalised(x)
        return y

    @ur.op
    def outer(x):
        n, j = ur.axes("n j")
        y = ur.tensor("y")
        y[n, j] = middle(x)[n, j] + middle(middle(x))[n, j]
        return y

    once = expected(X, 1e-5)[0]
    np.testing.assert_allclose(outer.reference(X), once + expected(once, 1e-5)[0])


def test_ops_may_call_themselves_with_other_options():
    @ur.op
    def power(x, *, n=3):
        i = ur.axis("i")
        y = ur.tensor("y")
        y[i] = power(x, n=n - 1)[i] * x[i] if n > 1 else x[i]
        return y

    assert power.reference(np.array([2.0, 3.0]), n=4).tolist() == [16.0, 81.0]

    @ur.op
    def endless(x):
        return endless(x)

    with pytest.raises(NotationError, match="op `endless` calls itself with the same options"):
        endless.definition()
    with pytest.raises(NotationError, match="calls itself"):
        endless.definition()


def test_errors_call_the_callees_tensors_as_its_author_did():
    def caller(x):
        y, _ = normalised(x)
        y[ur.axis("n")] = 1.0

    with pytest.raises(NameClashError, match="tensor `y` is defined twice"):
        ur.op(caller).definition()


def test_scalars_pass_through():
    @ur.op
    def caller(x, *, tau=0.5):
        return normalised(x, eps=tau + 1.0)[0]

    assert caller.definition().scalars == ("tau",)
    np.testing.assert_allclose(caller.reference(X, tau=2.0), expected(X, 3.0)[0])
    np.testing.assert_allclose(caller.reference(X), expected(X, 1.5)[0])


def test_ops_from_text_can_be_called():
    doubled = ur.parse("doubled(x: f64[n], k: scalar) -> y\ny[i] = x[i]*k")

    @ur.op
    def caller(x):
        y = doubled(x, k=2.0)
        z = ur.tensor("z")
        i = ur.axis("i")
        z[i] = y[i] + 1
        return z

    assert caller.reference(np.array([1.0, 2.0])).tolist() == [3.0, 5.0]


def test_what_a_call_refuses():
    def op_of(body):
        @ur.op
        def caller(x, *, tau=1.0):
            i, j = ur.axes("i j")
            body(x, i, j)

        return caller

    def message(body):
        with pytest.raises(BindError) as caught:
            op_of(body).definition()
        assert __file__ in str(caught.value)
        return caught.value.message

    assert message(lambda x, i, j: normalised(X)) == (
        "`normalised` is called inside op `caller`, and its `x` is a value of type ndarray"
    )
    assert message(lambda x, i, j: normalised(x[i, j])) == (
        "`normalised` is called inside op `caller`, and its `x` is an expression"
    )
    assert "can't depend on axes or elements" in message(lambda x, i, j: normalised(x, eps=x[i, j]))
    assert "can't depend on axes or elements" in message(lambda x, i, j: normalised(x, eps=i + 1))
    with pytest.raises(BindError, match="takes 1 tensor, `x`, and got 2"):
        op_of(lambda x, i, j: normalised(x, x)).definition()

    @ur.op("x: f32[n]")
    def line(x):
        y = ur.tensor("y")
        i = ur.axis("i")
        y[i] = x[i]
        return y

    @ur.op
    def plane(x):
        i, j = ur.axes("i j")
        y = ur.tensor("y")
        y[i, j] = x[i, j]
        return line(y)

    with pytest.raises(ShapeError, match=r"`line` takes `x` with 1 dimension, `y` has 2"):
        plane.definition()
