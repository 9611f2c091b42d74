# SPDX-License-Identifier: Apache-2.0
"""What a kernel is said to cost, against counts by hand."""

from __future__ import annotations

import pytest

import unrut as ur
import unrut.ops
from unrut.emitter import emit
from unrut.emitter.report import operations

MATMUL = "f(A: f32[5, 7], B: f32[7, 3]) -> C\nC[i, j] = sum[k](A[i, k] * B[k, j])"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (MATMUL, 2 * 5 * 7 * 3),
        ("f(x: f32[5]) -> y\ny[i] = x[i]", 0),
        ("f(x: f32[5]) -> y\ny[i] = exp(x[i]) + x[i] * 2", 3 * 5),
        ("f(x: f32[5, 4]) -> y\ny[i] = max[j](x[i, j]) - 1", 5 * 4 + 5),
        ("f(x: f32[5]) -> y\naxis i: 5\naxis k: 3\ny[i] = sum[k](x.outside(0)[i + k - 1]*2)", 2 * 5 * 3),
        ('f(x: f32[5]) -> y\naxis i: 5\ny[i] = x.outside("reflect")[2*i - 3]*2', 5),
        ("f(x: f32[5]) -> y\ny[i] = where(x[i]*2 > 1, exp(x[i]) + 1, x[i] + 1)", 2 * 5),
        ("f(E: f32[5, 3], w: i32[7]) -> y\ny[b, d] = E[w[b], d]*2", 7 * 3),
    ],
)
def test_operations_are_functions_and_terms(text: str, count: int) -> None:
    graph = emit(ur.parse(text).program(), stop="graph").graph
    assert graph is not None
    assert operations(graph, {}) == count


@pytest.mark.parametrize("padding", [0, 1])
def test_padding_costs_no_arithmetic(padding: int) -> None:
    bound = ur.ops.conv2d.bind("f32[1, 8, 16, 16]", "f32[8, 8, 3, 3]", padding=padding)
    places = (14 + 2 * padding) ** 2
    (cost,) = [cost for cost in bound.tree().costs if cost.operations]
    assert cost.operations == 2 * 8 * 8 * 9 * places
