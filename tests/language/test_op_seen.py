# SPDX-License-Identifier: Apache-2.0
"""The short way for calls that were seen before: it serves the same calls, and no others."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.errors import BindError, UnrutError
from unrut.specialise import Kernels

pytestmark = pytest.mark.compiler


@pytest.fixture
def looked_up(monkeypatch):
    """How many calls took the long way."""
    found = []
    original = Kernels.kernel

    def kernel(self, program, options, arrays, out):
        found.append(options)
        return original(self, program, options, arrays, out)

    monkeypatch.setattr(Kernels, "kernel", kernel)
    return found


@ur.op
def scaled(x, *, by=2, plus=0.0, turned=False):
    i = ur.axis("i")
    y = ur.tensor("y")
    y[i] = (x[i] * by + plus) * (-1 if turned else 1)
    return y


def fresh(op=scaled):
    return ur.op(op.__wrapped__)


X = np.arange(4, dtype="f8")


def test_the_second_call_is_short(looked_up):
    op = fresh()
    for _ in range(3):
        assert op(X + 1).tolist() == [2, 4, 6, 8]
    assert len(looked_up) == 1


def test_run_time_scalars_keep_their_values_of_now(looked_up):
    op = fresh()
    for plus in (0.5, 1.5, np.float64(2), np.float32(3)):
        assert op(X, plus=plus).tolist() == (2 * X + plus).tolist()
    for plus in (1, 2, 1.0, True):
        try:
            found = op(X, plus=plus).tolist()
        except UnrutError:
            assert plus is True
        else:
            assert found == (2 * X + plus).tolist()
    assert op(X).tolist() == (2 * X).tolist()
    assert len(looked_up) >= 3


def test_options_of_other_kinds_are_told_apart(looked_up):
    op = fresh()
    for by in (3, 3.0, True, 3, 3.0):
        assert op(X, by=by).tolist() == (X * by).tolist()
        assert op(X, by=by, turned=True).tolist() == (-X * by).tolist()
    assert len(set(looked_up)) == len(looked_up) == 6


def test_every_form_has_its_own_way(looked_up):
    op = fresh()
    shifted = np.zeros(33, np.uint8)[1:].view("f8")
    for x in (X, X[::2], X[::-1], X.astype("f4"), shifted, X[:0], np.asfortranarray(X), X):
        assert op(x).tolist() == (2 * x).tolist()
    out = np.zeros(8)[::2]
    for _ in range(2):
        assert op(X, out=out) is out
        assert out.tolist() == (2 * X).tolist()


def test_what_is_no_plain_array_takes_the_long_way(looked_up):
    op = fresh()
    op(X)
    for x in ([0.0, 1.0], memoryview(X), X.view(np.recarray)):
        assert op(x).tolist() == [2 * v for v in np.asarray(x).tolist()]
    assert len(looked_up) == 4
    assert op(x=X).tolist() == (2 * X).tolist()
    with pytest.raises(BindError):
        op(np.ma.array(X))
    with pytest.raises(BindError):
        op(X, X)
    with pytest.raises(BindError):
        op(X, threads=0)
    with pytest.raises(BindError, match="shares memory"):
        op(X, out=X)


def test_inside_of_another_op_a_call_is_a_part_of_it(looked_up):
    inner = fresh()
    inner(X)

    @ur.op
    def outer(x):
        return inner(inner(x))

    assert outer(X).tolist() == (4 * X).tolist()

    @ur.op
    def wrong(x):
        return inner(X)

    with pytest.raises(UnrutError):
        wrong(X)
