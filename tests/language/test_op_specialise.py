# SPDX-License-Identifier: Apache-2.0
"""How many kernels serve how many calls: counted with a compiler that compiles nothing."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.errors import ShapeError, UnrutError


@pytest.fixture
def made(monkeypatch):
    """The texts of the programs that were compiled, by a stand-in whose kernels evaluate the reference."""
    import unrut.emitter
    from unrut.reference import evaluate

    texts = []

    def stand_in(program, layouts):
        texts.append(ur.bound.Bound(program, None, {}).show().splitlines()[0])

        def kernel(*arrays, out=None, threads=None, **scalars):
            names = [operand.name for operand in program.operands]
            found = evaluate(program, dict(zip(names, arrays, strict=True)), scalars)
            return found[program.results[0]]

        return kernel

    monkeypatch.setattr(unrut.emitter, "compile_program", stand_in)
    return texts


def product():
    return ur.parse("product(A: f64, B: f64) -> C\nC[i, j] = sum[k](A[i, k]*B[k, j])")


def call(op, n, k, m):
    a, b = np.random.default_rng(n).random((n, k)), np.random.default_rng(m).random((k, m))
    np.testing.assert_allclose(op(a, b), a @ b)


def test_the_first_extents_are_fixed_and_those_that_change_are_not(made):
    op = product()
    call(op, 2, 3, 4)
    call(op, 2, 3, 4)
    assert made == ["product(A: f64[2, 3], B: f64[3, 4]) -> C"]
    call(op, 5, 3, 4)
    call(op, 6, 3, 4)
    call(op, 0, 3, 4)
    assert made[1:] == ["product(A: f64[A0, 3], B: f64[3, 4]) -> C"]
    call(op, 6, 3, 9)
    call(op, 1, 3, 8)
    assert len(made) == 3
    assert made[2] == "product(A: f64[A0, 3], B: f64[3, B1]) -> C"
    call(op, 2, 7, 4)
    call(op, 3, 8, 5)
    call(op, 2, 3, 4)
    assert len(made) == 4, "the first shapes keep their own kernel"


def test_wrong_shapes_are_told_with_their_numbers(made):
    op = product()
    call(op, 2, 3, 4)
    call(op, 3, 4, 5)
    with pytest.raises(ShapeError, match="axis `k` has extent 9 here and 4 there"):
        op(np.ones((3, 9)), np.ones((4, 5)))


def test_dtypes_options_and_layouts_have_kernels_of_their_own(made):
    op = ur.parse("double_(x) -> y\ny[i, j] = 2*x[i, j]")
    x = np.arange(6.0).reshape(2, 3)
    for form in (x, x.astype(np.float32), x.astype(int), np.asfortranarray(x), x.copy(), np.asfortranarray(x)):
        np.testing.assert_array_equal(op(form), 2 * form)
    assert len(made) == 4

    @ur.op
    def powers(x, *, power=1, tau=1.0):
        i, j = ur.axes("i j")
        y = ur.tensor()
        y[i, j] = x[i, j] ** power * tau
        return y

    made.clear()
    for options in ({}, {"tau": 2.0}, {"power": 2}, {"power": 2, "tau": 3}, {"tau": ur.static(2.0)}):
        powers(x, **options)
    assert len(made) == 3


def test_a_program_that_needs_its_numbers_keeps_them(made):
    """Arithmetic on a small axis stays near, that on an axis of any size may not."""

    @ur.op
    def scaled(x):
        (i,) = ur.axes("i")
        y = ur.tensor()
        y[i] = x[i] + i * 2**30
        return y

    with pytest.raises(UnrutError):
        scaled.program("f64[n]")
    for n in (2, 3, 4, 3):
        assert scaled(np.zeros(n)).tolist() == [i * 2.0**30 for i in range(n)]
    assert made == [f"scaled(x: f64[{n}]) -> y" for n in (2, 3, 4)]
