# SPDX-License-Identifier: Apache-2.0
"""The same op written differently gets the same plan, and the same C up to names and order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unrut as ur
from bench.twins import TWINS, decisions, exchanged, inlined, renamed, renaming, reordered, split, words
from unrut import ops
from unrut.emitter.pipeline import emit
from unrut.emitter.schedule.plan_text import show as show_plan
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.nodes import Program
from unrut.reference import evaluate
from unrut.testing.cases import draw_case
from unrut.testing.programs import Sample, programs

LIBRARY = {
    "matmul": ops.matmul.bind(ur.spec("f32[64, 40]"), ur.spec("f32[40, 48]")),
    "conv_caps": ops.conv_caps.bind(ur.spec("f32[2, 8, 9, 9, 4, 4]"), ur.spec("f32[8, 8, 3, 3, 4, 4]"), stride=2),
    "conv2d": ops.conv2d.bind(ur.spec("f32[2, 16, 20, 20]"), ur.spec("f32[16, 16, 3, 3]"), padding=1),
    "attention": ops.attention.bind(*[ur.spec("f32[1, 2, 64, 16]")] * 3),
    "layer_norm": ops.layer_norm.bind(ur.spec("f32[64, 96]"), ur.spec("f32[96]"), ur.spec("f32[96]")),
    "dynamic_routing": ops.dynamic_routing.bind(ur.spec("f32[4, 32, 8]"), ur.spec("f32[32, 10, 8, 16]")),
    "spmm": ops.spmm.bind(ur.spec("f32[900]"), ur.spec("i64[900]"), ur.spec("i64[101]"), ur.spec("f32[50, 32]")),
}


def plan_of(program: Program) -> str:
    plan = emit(program, stop="plan").plan
    assert plan is not None
    return show_plan(plan)


def source_of(program: Program) -> str:
    source = emit(program).source
    assert source is not None
    return source.code


@pytest.mark.parametrize("name", LIBRARY)
def test_names_of_axes_decide_nothing(name):
    program = LIBRARY[name].program
    twin = renamed(program)
    assert twin is not None
    assert twin != program
    names = renaming(program)
    assert decisions(plan_of(twin), names) == decisions(plan_of(program))
    assert sorted(words(source_of(twin), names)) == sorted(words(source_of(program)))


@pytest.mark.parametrize("name", LIBRARY)
def test_the_order_of_arguments_decides_nothing(name):
    program = LIBRARY[name].program
    twin = exchanged(program)
    assert twin is not None
    assert decisions(plan_of(twin)) == decisions(plan_of(program))


@pytest.mark.parametrize("name", ["attention", "layer_norm", "dynamic_routing"])
def test_the_order_of_statements_decides_nothing(name):
    program = LIBRARY[name].program
    twin = reordered(program)
    assert twin is not None
    assert decisions(plan_of(twin)) == decisions(plan_of(program))


def entries(plan: str) -> set[str]:
    return {line.partition(":")[0] for line in decisions(plan) if ":" in line}


@pytest.mark.parametrize("name", ["attention", "layer_norm"])
def test_a_sum_by_itself_gets_the_plan_of_a_sum_inside(name):
    program = LIBRARY[name].program
    twin = split(program)
    assert twin is not None
    ours, theirs = plan_of(program), plan_of(twin)
    [old], [new] = entries(ours) - entries(theirs), entries(theirs) - entries(ours)
    assert decisions(theirs, {old: new}) == decisions(ours)


def test_a_named_product_gets_the_plan_of_one_inside():
    text = "op(A: f32[64, 40], B: f32[40, 48], s: f32[64]) -> C\nT[i, k] = s[i]*A[i, k]\nC[i, j] = sum[k](T[i, k]*B[k, j])\n"
    program = elaborate(parse(text), ())
    twin = inlined(program)
    assert twin is not None
    assert len(twin.statements) == 1


@given(sample=programs(exact=True), seed=st.integers(0, 2**31), name=st.sampled_from(sorted(TWINS)))
def test_twins_mean_the_same(sample: Sample, seed: int, name: str):
    case = draw_case(sample, seed=seed)
    twin = TWINS[name](case.program)
    if twin is None:
        return
    want, got = (evaluate(p, case.arrays, case.scalars) for p in (case.program, twin))
    for result in case.program.results:
        np.testing.assert_array_equal(got[result], want[result])


@given(sample=programs(exact=False))
@settings(max_examples=15)
def test_names_decide_nothing_in_random_programs(sample: Sample):
    program = elaborate(parse(sample.text), ())
    twin = renamed(program)
    assert twin is not None
    assert decisions(plan_of(twin), renaming(program)) == decisions(plan_of(program))
