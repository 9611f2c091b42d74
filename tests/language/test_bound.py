# SPDX-License-Identifier: Apache-2.0
"""Bound ops: text, meaning, intermediates, kernels; remembered arrays and scalars."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.errors import BindError, BuildError, UnrutError

X = np.arange(6, dtype=np.float64).reshape(2, 3)
Z = X + 1


@ur.op
def centred(x, *, tau=1.0):
    n, k = ur.axes("n k")
    mean, y = ur.tensor(), ur.tensor("y")
    mean[n] = ur.sum[k](x[n, k]) / x.shape[1]
    y[n, k] = (x[n, k] - mean[n]) * tau
    return y


def expected(x, tau=1.0):
    return (x - x.mean(1, keepdims=True)) * tau


def test_what_is_bound_is_remembered():
    bound = centred.bind(X, tau=2.0)
    np.testing.assert_array_equal(bound.reference(), expected(X, 2))
    np.testing.assert_array_equal(bound.reference(Z), expected(Z, 2))
    np.testing.assert_array_equal(bound.reference(Z, tau=3), expected(Z, 3))
    np.testing.assert_array_equal(bound.reference(tau=3), expected(X, 3))
    assert bound.arrays["x"] is X
    assert bound.scalars == {"tau": 2.0}


def test_text_and_program():
    bound = centred.bind("f64[n, 3]")
    assert bound.show() == centred.show("f64[n, 3]")
    assert ur.parse(bound.show()).program() == bound.program == centred.program("f64[n, 3]")
    assert repr(bound) == "<bound centred(x: f64[n, 3], tau: scalar) -> y>"


def test_intermediates():
    found = centred.bind(X, tau=2.0).intermediates()
    assert list(found) == ["mean", "y"]
    np.testing.assert_array_equal(found["mean"], X.mean(1))


def test_explain():
    bound = centred.bind(X, tau=2.0)
    shown = str(bound.explain(n=1, k=2))
    assert "x[1, 2]" in shown
    assert str(bound.explain("mean", n=1)) != shown
    with pytest.raises(UnrutError, match="`z`"):
        bound.explain("z", n=1)


def test_run_time_sizes_come_from_the_arrays():
    bound = centred.bind("f64[n, 3]")
    for x in (X, X[:1], X[:0]):
        np.testing.assert_array_equal(bound.reference(x), expected(x))
    with pytest.raises(BindError, match="`x` has extent 2 in dimension 1"):
        bound.reference(X[:, :2])


def test_what_is_missing_or_wrong():
    bound = centred.bind("f64[2, 3]")
    for run in (bound.reference, bound.intermediates, bound, lambda: bound.explain(n=0, k=0)):
        with pytest.raises(BindError, match="`centred` was bound to specs, so there are no arrays to compute with"):
            run()
    with pytest.raises(BindError, match="takes 1 tensor, `x`, and got 2"):
        bound.reference(X, X)
    with pytest.raises(BindError, match="`centred` has no scalar `stride`; its run-time scalars are tau="):
        bound.reference(X, stride=2)
    with pytest.raises(BindError, match="`f` needs `tau=`"):
        ur.parse("f(x: f64[n], tau: scalar) -> y\ny[i] = tau*x[i]").bind(X[0]).reference()
    with pytest.raises(BuildError, match="there is no target `cuda` yet"):
        bound.compile("cuda")
    with pytest.raises(BindError, match="float32"):
        bound.reference(X.astype(np.float32))


def test_two_results_are_a_tuple_one_is_an_array():
    both = ur.parse("f(x: f64[n]) -> (a, b)\na[i] = x[i]\nb[()] = sum[i](x[i])")
    a, b = both.bind(X[0]).reference()
    assert a.tolist() == [0, 1, 2]
    assert b == 3
    assert isinstance(centred.bind(X).reference(), np.ndarray)


@pytest.mark.compiler
def test_kernels():
    bound = centred.bind(X)
    kernel = bound.compile()
    assert bound.compile("c") is kernel
    assert bound.compile(threads=1).threads == 1
    np.testing.assert_array_equal(kernel(X, tau=2.0), expected(X, 2))
    np.testing.assert_array_equal(bound(), expected(X))
    np.testing.assert_array_equal(bound(Z, tau=2), expected(Z, 2))
    turned = np.asfortranarray(Z)
    np.testing.assert_array_equal(bound(turned, threads=1), expected(Z))
    out = np.empty((3, 2)).T
    assert bound(X, out=out) is out
    np.testing.assert_array_equal(out, expected(X))


@pytest.mark.compiler
def test_a_kernel_for_run_time_sizes():
    bound = centred.bind("f64[n, k]")
    kernel = bound.compile()
    for x in (X, X[:1, :2].copy(), np.ones((5, 7))):
        np.testing.assert_allclose(kernel(x, tau=1.0), expected(x), atol=1e-15)
        np.testing.assert_allclose(bound(x), expected(x), atol=1e-15)
