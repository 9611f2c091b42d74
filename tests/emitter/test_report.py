# SPDX-License-Identifier: Apache-2.0
"""What a kernel is said to cost, against counts by hand."""

from __future__ import annotations

import pytest

import unrut as ur
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
    ],
)
def test_operations_are_functions_and_terms(text: str, count: int) -> None:
    graph = emit(ur.parse(text).program(), stop="graph").graph
    assert graph is not None
    assert operations(graph, {}) == count
