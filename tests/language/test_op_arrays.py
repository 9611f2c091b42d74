# SPDX-License-Identifier: Apache-2.0
"""What counts as an array: never copied, whatever its memory looks like."""

from __future__ import annotations

import array

import numpy as np
import pytest

import unrut as ur
from unrut.arrays import as_array
from unrut.emitter.layout import Layout, contiguous, layout_of
from unrut.errors import BindError

X = np.arange(12.0).reshape(3, 4)


class Interface:
    """Only `__array_interface__`."""

    def __init__(self, of):
        self.of = of

    @property
    def __array_interface__(self):
        return self.of.__array_interface__


class Dlpack:
    """Only DLPack."""

    def __init__(self, of):
        self.of = of

    def __dlpack__(self, **options):
        return self.of.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.of.__dlpack_device__()


class OnGpu:
    __cuda_array_interface__ = {}  # noqa: RUF012


def unaligned(values):
    raw = np.zeros(values.nbytes + 1, np.uint8)
    found = raw[1:].view(values.dtype).reshape(values.shape)
    found[...] = values
    return found


@pytest.mark.parametrize(
    "wrap", [lambda a: a, Interface, Dlpack, memoryview], ids=["ndarray", "interface", "dlpack", "buffer"]
)
@pytest.mark.parametrize(
    "form", [X, X.T, X[::-1], X[:, ::2], np.broadcast_to(X[0], (5, 4)), X[:0], X[0, 0, ...]], ids=range(7)
)
def test_memory_is_shared(wrap, form):
    found = as_array(wrap(form), "x")
    assert found.__array_interface__["data"][0] == form.__array_interface__["data"][0]
    assert (found.shape, found.dtype) == (form.shape, form.dtype)
    if form.size:
        assert found.strides == form.strides
    np.testing.assert_array_equal(found, form)


def test_other_buffers():
    assert as_array(array.array("i", [1, 2, 3]), "x").tolist() == [1, 2, 3]
    read_only = X.copy()
    read_only.flags.writeable = False
    assert as_array(memoryview(read_only), "x").flags.writeable is False
    odd = unaligned(X)
    assert not odd.flags.aligned
    assert as_array(odd, "x") is odd
    assert as_array([[1.0, 2], [3, 4]], "x").dtype == np.float64
    assert as_array(3, "x").shape == ()


@pytest.mark.parametrize("value", [None, object(), {1: 2}, {1, 2}, OnGpu(), [[1], [2, 3]]])
def test_what_is_no_array(value):
    with pytest.raises(BindError, match="argument `x`"):
        as_array(value, "x")


def test_layouts():
    assert layout_of(X) == contiguous((3, 4)) == Layout(strides=(4, 1))
    assert layout_of(X, (None, 4)) == Layout(strides=(4, 1))
    assert layout_of(X, (3, None)) == Layout(strides=(None, 1))
    assert layout_of(X.T) == Layout(strides=(1, None))
    assert layout_of(X[:, ::2]) == Layout(strides=(None, None))
    assert layout_of(X[::-1]) == Layout(strides=(None, 1))
    assert layout_of(np.broadcast_to(X[0], (5, 4))) == Layout(strides=(None, 1))
    assert layout_of(X[:, :1]) == Layout(strides=(None, 1)), "one column: its stride is never used"
    assert layout_of(X[:, ::2][:, :1]) == Layout(strides=(None, 1)), "also if it says two"
    assert layout_of(X[::2][:1]) == Layout(strides=(4, 1)), "one row is contiguous, whatever its stride"
    assert layout_of(X[:0, ::2]) == contiguous((0, 2))
    assert layout_of(X[0, 0, ...]) == Layout(strides=())
    assert layout_of(unaligned(X)) == Layout(strides=(None, None), aligned=False)
    packed = np.zeros(5, np.dtype([("a", "i1"), ("x", "f8")]))["x"]
    assert layout_of(packed) == Layout(strides=(None,), aligned=False)
    odd = np.lib.stride_tricks.as_strided(X, (1, 4), (X.itemsize + 1, X.itemsize))
    assert layout_of(odd) == contiguous((1, 4)), "a stride that is never used need not be aligned"
    whole = np.zeros(5, np.dtype([("a", "f8"), ("x", "f8")]))["x"]
    assert layout_of(whole) == Layout(strides=(None,))


@ur.op
def rows(x):
    i, j = ur.axes("i j")
    y = ur.tensor()
    y[i, j] = x[i, j] * (i + 1)
    return y


FORMS = {
    "transposed": X.T,
    "reversed": X[::-1, ::-1],
    "every second": X[:, ::2],
    "repeated": np.broadcast_to(X[0], (3, 4)),
    "unaligned": unaligned(X),
    "empty": X[:0],
    "one column": X[:, 2:3],
    "dlpack": Dlpack(X),
}


@pytest.mark.compiler
@pytest.mark.parametrize("form", FORMS)
def test_calls_take_any_memory(form):
    x = as_array(FORMS[form], "x")
    np.testing.assert_array_equal(rows(FORMS[form]), x * (np.arange(x.shape[0])[:, None] + 1))


@pytest.mark.compiler
def test_results_go_to_any_memory():
    expected = X * np.array([[1], [2], [3]])
    out = unaligned(np.zeros((3, 4)))
    assert rows(X, out=out) is out
    np.testing.assert_array_equal(out, expected)
    wide = np.full((3, 9), -1.0)
    rows(X, out=wide[:, 7::-2])
    np.testing.assert_array_equal(wide[:, 7::-2], expected)
    assert (wide[:, ::2] == -1).all()
