# SPDX-License-Identifier: Apache-2.0
"""Ranges by data on their way to C: conditions, early checks, and what kernels say of offsets out of order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import unrut as ur
from unrut.emitter import emit
from unrut.emitter.kernel import Kernel
from unrut.emitter.pipeline import compile_program
from unrut.program.nodes import Program
from unrut.testing.nest_interpreter import run

ROWS = ur.parse("op(x: f32[n, 3], p: i32[m]) -> y\naxis e: p[i] .. p[i + 1]\ny[i, f] = sum[e](x[e, f])").program()
X = np.arange(18, dtype=np.float32).reshape(6, 3)


def test_ranges_are_checked_before_anything_else():
    graph = emit(ROWS, stop="graph").graph
    (check,) = graph.checks
    assert check.early
    assert check.needed == "0 <= p[i] <= p[i + 1] <= x.shape[0], the range of axis e"
    assert graph.computations[0].reduction is not None


@pytest.mark.parametrize("offsets", [[0, 2, 2, 6], [3, 3, 3, 3], [0, 6], [0], [1, 4]])
def test_the_nest_gives_what_slices_give(offsets):
    got = run(emit(ROWS).nest, {"x": X, "p": np.array(offsets, np.int32)})["y"]
    want = [X[a:b].sum(axis=0) for a, b in pairwise(offsets)]
    np.testing.assert_array_equal(got, np.array(want, np.float32).reshape(-1, 3))


@pytest.mark.parametrize("offsets", [[0, 4, 3, 6], [-2, 3], [0, 7], [2**31 - 1, -(2**31)]])
@pytest.mark.compiler
def test_kernels_refuse_offsets_out_of_order(offsets):
    kernel = compiled(ROWS)
    with pytest.raises(ur.RangeError) as caught:
        kernel(X, np.array(offsets, np.int32))
    assert "0 <= p[i] <= p[i + 1] <= x.shape[0]" in caught.value.message
    assert "offsets in order" in caught.value.remedy


def compiled(program: Program) -> Kernel:
    return compile_program(program)
