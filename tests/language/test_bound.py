# SPDX-License-Identifier: Apache-2.0
"""Bound ops: text, meaning, intermediates, kernels; remembered arrays and scalars."""

from __future__ import annotations

import re

import numpy as np
import pytest

import unrut as ur
from unrut.emitter import emit
from unrut.errors import BindError, BuildError, UnrutError
from unrut.reference import evaluate_with_bounds

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


@ur.op
def watched(x):
    i, j = ur.axes("i j")
    far = ur.axis("far", 10**12)
    y, seen, wide, at = ur.tensor("y"), ur.tensor("seen"), ur.tensor("wide"), ur.tensor("at")
    at[i] = ur.argmax[j](x[i, j])
    seen[i] = ur.exp(at[i] - y[i])
    wide[far] = seen[0] * far
    y[i] = ur.sum[j](x[i, j])
    return y


def test_a_tensor_to_look_at_is_kept_shown_and_explained():
    bound = watched.bind(X)
    assert [s.target for s in bound.program.statements] == ["at", "seen", "wide", "y"]
    assert ur.parse(bound.show()).program() == bound.program
    assert "seen[i=1]" in bound.explain("seen", i=1).show()


def test_a_tensor_to_look_at_is_never_computed_for_results():
    """`wide` has 8 TB."""
    assert watched.reference(X).tolist() == X.sum(1).tolist()
    bounded = evaluate_with_bounds(watched.program("f64[2, 3]"), {"x": X})
    assert bounded.keys() == {"y"}


def test_intermediates_hold_what_nothing_needs():
    op = ur.parse("f(x) -> y\ny[i] = 2*x[i]\nseen[i] = y[i] + 1\ntotal = sum[i](seen[i])")
    found = op.bind(X[0]).intermediates()
    assert {name: array.tolist() for name, array in found.items()} == {"y": [0, 2, 4], "seen": [1, 3, 5], "total": 9}


def test_the_source_of_a_kernel_holds_nothing_to_look_at():
    trace = emit(watched.program("f64[2, 3]"))
    assert not re.search(r"\b(seen|wide|far|at)\b", trace.source.code.split("#ifdef")[0]), (
        "what the file says of itself"
    )
    assert not re.search(r"\w*(seen|wide|argmax)\w*", trace.source.code)
    assert [c.statement for c in trace.graph.computations] == ["y"]
    assert "seen" in trace.show("program")
