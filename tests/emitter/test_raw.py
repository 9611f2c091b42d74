# SPDX-License-Identifier: Apache-2.0
"""Calls with everything settled: what they hold, what they refuse, and that they say what an ordinary call says."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import unrut as ur
from unrut.emitter import compile_program
from unrut.errors import BindError, RangeError

pytestmark = pytest.mark.compiler


def compiled(text, *specs):
    return ur.parse(text).bind(*specs).compile("c")


@pytest.fixture(scope="module")
def soft():
    """Needs a workspace: what is subtracted from a line is known when the line is done."""
    return compile_program(ur.parse("soft(x: f32[m, n]) -> y\ny[i, j] = softmax(x[i, j], along=j)\n").program())


def test_it_writes_anew_what_the_operands_say_now(soft):
    x, y = np.random.default_rng(0).standard_normal((7, 33)).astype("f4"), np.empty((7, 33), "f4")
    raw = soft.raw(x, out=y)
    assert np.isnan(y).any() or not np.array_equal(y, soft(x))
    assert raw() is y
    assert np.array_equal(y, soft(x))
    x[:] = 1
    raw()
    assert np.array_equal(y, soft(x))


def test_results_of_its_own_and_several():
    two = compiled("two(x: i64[n]) -> (up, down)\nup[i] = x[i] + 1\ndown[i] = x[i] - 1\n")
    raw = two.raw(np.arange(4))
    up, down = raw()
    assert raw.results[0] is up
    assert (up - down).tolist() == [2, 2, 2, 2]
    assert repr(raw) == "<raw call of two>"


def test_scalars_threads_and_names():
    scale = compiled("scale(x: f64[n], tau: scalar) -> y\ny[i] = tau * x[i]\n")
    assert scale.raw(tau=0.5, x=np.arange(4.0), threads=1)().tolist() == [0, 0.5, 1, 1.5]
    with pytest.raises(BindError, match="`tau` missing"):
        scale.raw(np.arange(4.0))
    with pytest.raises(BindError, match="not a number of threads"):
        scale.raw(np.arange(4.0), tau=1, threads=0)


def test_it_holds_its_arrays(soft):
    x = np.ones((3, 5), "f4")
    held = weakref.ref(x)
    raw = soft.raw(x)
    del x
    gc.collect()
    assert held() is not None
    assert np.array_equal(raw(), np.full((3, 5), np.float32(1) / np.float32(5)))
    with pytest.raises(ValueError, match="resize"):
        held().resize((30, 50))
    del raw
    gc.collect()
    assert held() is None


def test_each_has_a_workspace_of_its_own(soft):
    x = np.random.default_rng(1).standard_normal((9, 40)).astype("f4")
    first, second = soft.raw(x), soft.raw(2 * x)
    wanted = first().copy()
    second()
    soft(np.ones((50, 3000), "f4"))
    assert np.array_equal(first(), wanted)


def test_it_is_checked_once_and_for_all(soft):
    x = np.ones((4, 4), "f4")
    with pytest.raises(BindError, match="`y` shares memory with `x`"):
        soft.raw(x, out=x)
    with pytest.raises(BindError, match="float64"):
        soft.raw(x.astype("f8"))


def test_data_is_judged_at_every_call():
    pick = compiled("pick(x: f32[n], at: i64[m]) -> y\ny[i] = x[at[i]]\n")
    at = np.array([0, 2])
    raw = pick.raw(np.arange(3, dtype="f4"), at)
    assert raw().tolist() == [0, 2]
    at[1] = 3
    with pytest.raises(RangeError, match="outside of `x`"):
        raw()
    at[1] = 1
    assert raw().tolist() == [0, 1]


@pytest.mark.parametrize("dtype", ["f2", "f4", "c8", "i1"])
def test_layouts_of_any_kind(dtype):
    whole = np.arange(48).reshape(6, 8).astype(dtype)
    for x in (whole, whole.T, whole[::-2, 1::3], whole[:, :1], np.broadcast_to(whole[0], (3, 8)), whole[:0]):
        y = np.zeros((*x.shape, 2), dtype)[..., 0]
        bound = ur.parse("twice(x, z) -> y\ny[i, j] = x[i, j] + x[i, j] + z\n").bind(x, np.zeros((), dtype))
        raw = bound.compile("c")
        assert np.array_equal(bound(out=y), x + x)
        assert np.array_equal(raw.raw(x, np.zeros((), dtype))(), x + x)
