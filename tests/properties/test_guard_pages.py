# SPDX-License-Identifier: Apache-2.0
"""Kernels on operands and results with forbidden pages on both sides: no load and no store strays by a byte."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from unrut.emitter.kernel import Kernel
from unrut.program.extents import evaluate as evaluate_extent
from unrut.reference import evaluate
from unrut.testing.cases import Case, draw_case
from unrut.testing.comparison import valid
from unrut.testing.guard_pages import guarded, survives
from unrut.testing.programs import Sample, programs

pytestmark = pytest.mark.compiler


@settings(max_examples=settings.default.max_examples // 2)  # each costs a process or two kernels
@given(sample=programs(exact=True), seed=st.integers(0, 2**31), at_start=st.booleans())
def test_no_access_leaves_an_array(
    sample: Sample, seed: int, at_start: bool, kernel_for: Callable[[Case], Kernel]
) -> None:
    case = draw_case(sample, seed=seed)
    note(case.text)
    kernel, want = kernel_for(case), evaluate(case.program, case.arrays, case.scalars)

    def run() -> bool:
        arrays = [guarded(case.arrays[o.name], at_start=at_start, writable=False) for o in case.program.operands]
        out = tuple(guarded(np.full_like(want[name], 77), at_start=at_start) for name in case.program.results)
        kernel(*arrays, out=out if len(out) > 1 else out[0], threads=2, **case.scalars)
        return all(np.array_equal(a, want[n], equal_nan=True) for a, n in zip(out, case.program.results, strict=True))

    assert not survives(run)


@settings(max_examples=settings.default.max_examples // 2)
@given(sample=programs(exact=True, invalid=True), seed=st.integers(0, 2**31), at_start=st.booleans())
def test_data_that_lead_outside_lead_nowhere(
    sample: Sample, seed: int, at_start: bool, kernel_for: Callable[[Case], Kernel]
) -> None:
    """Places and offsets of any value: what they would lead to is neither read nor written."""
    case = draw_case(sample, seed=seed)
    note(case.text)
    kernel, want = kernel_for(case), valid(lambda: evaluate(case.program, case.arrays, case.scalars))

    def run() -> bool:
        arrays = [guarded(case.arrays[o.name], at_start=at_start, writable=False) for o in case.program.operands]
        shapes = [
            tuple(evaluate_extent(e, sample.sizes) for e in case.program.shape_of(n)) for n in case.program.results
        ]
        dtypes = [case.program.dtype_of(name).numpy for name in case.program.results]
        out = tuple(guarded(np.full(s, 7, d), at_start=at_start) for s, d in zip(shapes, dtypes, strict=True))
        done = valid(lambda: kernel(*arrays, out=out if len(out) > 1 else out[0], threads=2, **case.scalars))
        return (done is None) is (want is None)

    assert not survives(run)


def test_the_guard_is_alive() -> None:
    def overrun() -> bool:
        array = guarded(np.zeros(5, np.float32))
        return ctypes.cast(array.ctypes.data, ctypes.POINTER(ctypes.c_float))[5] == 0

    assert survives(overrun) == "killed by SIGSEGV"
    assert survives(lambda: bool((guarded(np.ones(5)) == 1).all())) == ""
    assert survives(lambda: False) == "wrong result"
