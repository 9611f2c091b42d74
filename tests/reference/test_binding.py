# SPDX-License-Identifier: Apache-2.0
"""Arrays that don't fit are refused with the operand, the dimension, both numbers and a remedy."""

from __future__ import annotations

import re

import numpy as np
import pytest

from unrut.errors import BindError, UnrutError
from unrut.reference import evaluate

TEXT = "f(x: f32[n, 4], w: f32[n, m], s: scalar) -> y\ny[i, j] = x[i, j] * s + sum[k](w[i, k])"


def f32(*shape):
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    ("arrays", "scalars", "said"),
    [
        ({"x": f32(2, 4)}, {"s": 1}, ["needs an array for `w`", "try: pass"]),
        ({"x": f32(2, 4), "w": f32(2, 3), "v": f32(1)}, {"s": 1}, ["has no operand `v`", "x, w"]),
        ({"x": f32(2, 4), "w": f32(2, 3)}, {}, ["needs a number for `s`"]),
        ({"x": f32(2, 4), "w": f32(2, 3)}, {"s": 1, "t": 1}, ["no run-time scalar `t`"]),
        ({"x": np.zeros((2, 4)), "w": f32(2, 3)}, {"s": 1}, ["`x` holds float64, the op takes float32", "astype"]),
        ({"x": f32(2, 4).astype(">f4"), "w": f32(2, 3)}, {"s": 1}, ["foreign byte order"]),
        ({"x": f32(8), "w": f32(2, 3)}, {"s": 1}, ["`x` has 1 dimensions", "takes 2"]),
        ({"x": f32(2, 5), "w": f32(2, 3)}, {"s": 1}, ["`x` has extent 5 in dimension 1, the op takes 4"]),
        (
            {"x": f32(2, 4), "w": f32(3, 3)},
            {"s": 1},
            ["`w` has extent 3 in dimension 0, the op takes 2", "n = 2 from dimension 0 of `x`"],
        ),
    ],
)
def test_refusals(program, arrays, scalars, said):
    with pytest.raises(BindError) as caught:
        evaluate(program(TEXT), arrays, scalars)
    for words in said:
        assert words in str(caught.value)
    assert "try: " in str(caught.value)


def test_all_faults_at_once(program):
    with pytest.raises(BindError) as caught:
        evaluate(program(TEXT), {"x": np.zeros((2, 4)), "w": f32(2)}, {"s": 1})
    assert len(re.findall("try: ", str(caught.value))) == 2


def test_sizes_come_from_the_arrays(program):
    parsed = program("f(x: f32[n, m]) -> y\ny[i] = sum[j](x[i, j]) + x.shape[1]")
    for n, m in [(2, 3), (0, 4), (5, 0)]:
        assert evaluate(parsed, {"x": np.ones((n, m), np.float32)})["y"].tolist() == [2.0 * m] * n


def test_an_unmet_precondition_says_why(program):
    parsed = program("f(x: f32[n], w: f32[m]) -> y\naxis i: x.shape[0] - 2\ny[i] = x[i] + w[i]")
    assert parsed.preconditions
    evaluate(parsed, {"x": np.ones(6, np.float32), "w": np.ones(4, np.float32)})
    with pytest.raises(UnrutError) as caught:
        evaluate(parsed, {"x": np.ones(6, np.float32), "w": np.ones(3, np.float32)})
    assert "does not hold" in str(caught.value)
    assert parsed.preconditions[0].because in str(caught.value)
