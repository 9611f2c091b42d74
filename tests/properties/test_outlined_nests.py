# SPDX-License-Identifier: Apache-2.0
"""Random programs cut into as many routines as there can be: the nest does the same, its C gives the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from unrut.emitter import emit
from unrut.emitter.build import build
from unrut.emitter.kernel import Kernel
from unrut.emitter.lower import lower, outlined
from unrut.emitter.lower.inlined import inlined
from unrut.emitter.nest_verify import verify
from unrut.emitter.pipeline import Trace
from unrut.emitter.render.render import render
from unrut.reference import evaluate
from unrut.testing.cases import draw_case
from unrut.testing.comparison import judge_exact
from unrut.testing.nest_runs import run_nest
from unrut.testing.programs import Sample, programs

seeds = st.integers(0, 2**31)


def in_pieces(trace: Trace):
    nest = outlined(lower(trace.graph, trace.plan), most=4, least=2)
    verify(nest)
    return nest


@given(sample=programs(exact=True, statements=3, depth=3), seed=seeds)
def test_a_nest_in_pieces_does_the_same(sample: Sample, seed: int) -> None:
    case = draw_case(sample, seed=seed)
    note(case.text)
    nest = in_pieces(emit(case.program, stop="plan"))
    assert not inlined(nest).routines
    want = evaluate(case.program, case.arrays, case.scalars)
    got = run_nest(nest, case.program, case.arrays, case.scalars, seed=seed)
    for name in case.program.results:
        assert not judge_exact(got[name], want[name]).problem, name


@pytest.mark.compiler
@given(sample=programs(exact=True, statements=3, depth=3), seed=seeds)
def test_its_c_does_the_same(sample: Sample, seed: int) -> None:
    case = draw_case(sample, seed=seed, layout="mixed")
    note(case.text)
    trace = emit(case.program, case.layouts, stop="plan")
    nest = in_pieces(trace)
    kernel = Kernel(build(render(nest, trace.layouts)), trace)
    want = evaluate(case.program, case.arrays, case.scalars)
    got = kernel(*(case.arrays[o.name] for o in case.program.operands), **case.scalars)
    results = got if isinstance(got, tuple) else (got,)
    for name, result in zip(case.program.results, results, strict=True):
        assert not judge_exact(np.asarray(result), want[name]).problem, name
