# SPDX-License-Identifier: Apache-2.0
"""Plans that come from outside: given back, edited, refused; those near the analytic one, and the race between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import unrut as ur
from unrut import ops
from unrut.emitter import emit
from unrut.emitter.graph import analyse
from unrut.emitter.layout import Layout
from unrut.emitter.machine import AVX2, AVX512
from unrut.emitter.pipeline import default_layouts
from unrut.emitter.rates import TYPICAL
from unrut.emitter.schedule.plan_text import parse_plan, show
from unrut.emitter.schedule.variants import variants
from unrut.errors import BindError, PlanError
from unrut.program.walk import contributing
from unrut.reference import evaluate_with_bounds

SPECS = {
    "matmul": ("f32[40, 33]", "f32[33, 70]"),
    "softmax": ("f32[9, 200]",),
    "conv_caps": ("f32[2, 3, 7, 7, 4, 4]", "f32[5, 3, 3, 3, 4, 4]"),
    "attention": ("f32[2, 2, 20, 16]", "f32[2, 2, 24, 16]", "f32[2, 2, 24, 16]"),
    "segment_sum": ("f32[50, 8]", "i64[8]"),
}


def some(name):
    bound = getattr(ops, name).bind(*SPECS[name])
    return bound.program


def arrays_of(program):
    random = np.random.default_rng(3)
    found = []
    for operand in program.operands:
        shape = tuple(extent.value() for extent in operand.shape)
        if operand.dtype.is_float:
            found.append(random.standard_normal(shape).astype(operand.dtype.numpy))
        else:
            found.append(np.sort(random.integers(0, 50, shape)))
    return found


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("machine", [AVX2, AVX512], ids=str)
def test_variants_are_legal_and_differ(name, machine):
    program = some(name)
    graph = analyse(contributing(program))
    found = variants(graph, machine, default_layouts(program), TYPICAL, 2)
    assert found[0].plan == emit(program, machine=machine, stop="plan").plan
    assert len({variant.plan for variant in found}) == len(found)
    assert all(variant.predicted > 0 for variant in found)
    assert [v.predicted for v in found[1:]] == sorted(v.predicted for v in found[1:])


@pytest.mark.compiler
@pytest.mark.parametrize("name", SPECS)
def test_every_variant_computes_the_op(name):
    program = some(name)
    arrays = arrays_of(program)
    named = {operand.name: array for operand, array in zip(program.operands, arrays, strict=True)}
    wanted = evaluate_with_bounds(program, named, {})[program.results[0]]
    found = variants(analyse(contributing(program)), AVX512, default_layouts(program), TYPICAL, 2)
    bound = getattr(ops, name).bind(*arrays)
    for variant in found[:8]:
        value = bound.compile(plan=variant.plan)(*arrays)
        assert wanted.accepts(value).all(), variant.doubt


def test_a_plan_tuned_elsewhere_gives_way():
    program = some("matmul")
    plan = emit(program, machine=AVX512, stop="plan").plan
    assert plan is not None
    tuned = replace(plan, tuned=str(AVX512))
    assert parse_plan(show(tuned)) == tuned
    here, there = (emit(program, machine=m, plan=tuned, stop="plan").plan for m in (AVX512, AVX2))
    assert here == tuned
    assert there == emit(program, machine=AVX2, stop="plan").plan
    assert there is not None
    assert "tuned for avx512" in there.reasons[0]


@pytest.mark.compiler
def test_plans_are_given_back_edited_and_refused(tmp_path):
    a, b = (np.arange(12 * 12, dtype=np.float32).reshape(12, 12) % 7 for _ in range(2))
    bound = ops.matmul.bind(a, b)
    text = bound.compile().show("plan")
    file = tmp_path / "matmul.plan"
    file.write_text(text)
    assert bound.compile(plan=file).source() == bound.compile(plan=text).source() == bound.compile().source()
    edited = bound.compile(plan="plan 1 for matmul\nC: loops i j; reduce k/2; lanes k; share 0")
    assert edited.source() != bound.compile().source()
    assert np.array_equal(edited(a, b), a @ b)
    for wrong, said in (
        ("plan 1 for other", "the plan is for `other`"),
        ("plan 1 for matmul", "`C`"),
        ("plan 7 for matmul", "a plan begins with"),
        (text.replace("C:", "D:"), "`D`"),
        (tmp_path / "absent", "can't be read"),
        (7, "no plan"),
    ):
        with pytest.raises(PlanError, match=said):
            bound.compile(plan=wrong)


@pytest.mark.compiler
def test_tuning_gives_a_plan_that_compiles_to_its_kernel():
    random = np.random.default_rng(0)
    a, b = (random.standard_normal((64, 48), dtype=np.float32) for _ in range(2))
    bound = ops.matmul.bind(a, b.T)
    tuning = bound.tune(0.3, threads=1)
    assert bound.compile(plan=tuning.plan).source() == tuning.kernel.source()
    assert parse_plan(tuning.plan).tuned
    assert tuning.winner.seconds is not None
    assert tuning.winner.seconds <= max(t.seconds for t in tuning.trials if t.seconds is not None)
    assert "in doubt" in str(tuning)
    assert tuning.trials[0].seconds is not None  # the analytic plan always runs
    assert all((t.seconds is None) == bool(t.fault) for t in tuning.trials)


@pytest.mark.parametrize("seconds", [0, -1, True, "5", float("nan"), float("inf")])
def test_seconds_are_a_time(seconds):
    with pytest.raises(BindError, match="not a time"):
        ops.softmax.bind(np.ones((2, 2), np.float32)).tune(seconds)


def test_tuning_needs_arrays():
    with pytest.raises(BindError, match="nothing to measure on"):
        ops.softmax.bind("f32[2, 2]").tune()


def test_layouts_of_other_arrays_make_other_plans():
    text = ur.parse("f(A: f32[64, 64]) -> C\nC[i] = sum[k](A[i, k])").program()
    other = {"A": Layout(strides=(1, 64))}
    plans = [emit(text, layouts, AVX512, stop="plan").plan for layouts in (None, other)]
    assert plans[0] != plans[1]
