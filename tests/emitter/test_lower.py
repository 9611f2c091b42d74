# SPDX-License-Identifier: Apache-2.0
"""Lowering under chosen and random legal plans gives the reference's values, checked access by access, without a compiler."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unrut.emitter import emit
from unrut.emitter.graph import analyse
from unrut.emitter.nest import Accumulate, Guard, Loop, LoopKind, Store, TaskAxis
from unrut.emitter.schedule.plan_text import parse_plan
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.nodes import Call, Const, Where
from unrut.program.walk import subexpressions
from unrut.reference import evaluate
from unrut.testing.cases import draw_case
from unrut.testing.comparison import judge_exact
from unrut.testing.nest_interpreter import run
from unrut.testing.nest_runs import run_nest
from unrut.testing.programs import programs

QUICK = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


def nest_of(text, plan=None):
    return emit(elaborate(parse(text)), plan=parse_plan(plan) if plan else None, stop="nest").nest


def nodes_of(nest):
    waiting = [node for kernel in nest.kernels for node in kernel.body]
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case Loop(body=body):
                waiting += body
            case Guard(body=body, otherwise=otherwise):
                waiting += [*body, *otherwise]


def check(case, plan):
    nest = emit(case.program, plan=plan, stop="nest").nest
    got = run_nest(nest, case.program, case.arrays, case.scalars)
    for name, want in evaluate(case.program, case.arrays, case.scalars).items():
        verdict = judge_exact(got[name], want)
        assert not verdict.problem, (name, verdict.problem)


@QUICK
@given(programs(exact=True), st.integers(0, 99))
def test_chosen_plans(sample, seed):
    check(draw_case(sample, seed=seed), None)


@QUICK
@given(programs(exact=True), st.integers(0, 10**6))
def test_random_legal_plans(legal_plan, sample, seed):
    case = draw_case(sample, seed=seed % 100)
    check(case, legal_plan(analyse(case.program), seed))


@pytest.mark.parametrize("rows", [0, 1, 3, 4, 7, 8, 13])
def test_tails_of_run_time_extents(rows):
    text = "f(A: f64[n, 6], B: f64[6, m]) -> C\nC[i, j] = sum[k](A[i, k] * B[k, j])"
    plan = "plan 1 for f\nC: loops i/4 j/8 i/2; tile i j; reduce k; lanes j; tasks 1"
    a, b = np.arange(rows * 6.0).reshape(rows, 6), np.arange(6.0 * (rows + 2)).reshape(6, rows + 2)
    np.testing.assert_array_equal(run(nest_of(text, plan), {"A": a, "B": b})["C"], a @ b)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 37])
def test_partial_accumulators_of_run_time_extents(length):
    text = "f(x: f64[n]) -> y\ny[()] = sum[i](x[i])"
    plan = "plan 1 for f\ny: reduce i/8; lanes i"
    x = np.arange(float(length))
    assert run(nest_of(text, plan), {"x": x})["y"] == x.sum()


def test_interior_has_no_tests():
    text = (
        "f(x: f32[40, 40]) -> y\naxis i: 40\naxis j: 40\ny[i, j] = sum[a:3, b:3](x.outside(0.0)[i + a - 1, j + b - 1])"
    )
    text = text.replace("[a:3, b:3]", "[a, b]").replace("\ny[", "\naxis a: 10\naxis b: 3\ny[")
    nest = nest_of(text, "plan 1 for f\ny: loops i j/8; tile j; reduce a b; lanes j; tasks 1")
    [guard] = [n for n in nest.kernels[0].body if isinstance(n, Guard)]
    assert not _conditions(guard.body, widest=8), "a whole block of lanes is tested for leaving the image"
    assert _conditions(guard.otherwise, widest=8), "the border is not tested"


def _conditions(body, widest):
    """Lazy choices inside of vector loops over at least so many places."""
    found = []
    waiting = [(node, False) for node in body]
    while waiting:
        node, wide = waiting.pop()
        match node:
            case Loop(kind=kind, stop=stop, body=inner):
                vector = kind is LoopKind.vector and isinstance(stop, Const) and stop.value >= widest
                waiting += [(n, wide or vector) for n in inner]
            case Guard(body=inner, otherwise=other):
                waiting += [(n, wide) for n in (*inner, *other)]
            case _ if wide and hasattr(node, "value"):
                found += [e for e in subexpressions(node.value) if isinstance(e, Where)]
    return found


def test_divisibility_becomes_a_stride():
    text = """f(x: f32[9], w: f32[4]) -> y
axis i: 20
axis a: 4
y[i] = sum[a](x[(i - a) // 2] * w[a], where=((i - a) % 2 == 0) & (i >= a) & (i - a < 18))
"""
    nest = nest_of(text, "plan 1 for f\ny: loops i; reduce a; tasks 1")
    assert any(isinstance(n, Loop) and n.step == 2 for n in nodes_of(nest))
    tests = [e for n in nodes_of(nest) if isinstance(n, Guard) for e in subexpressions(n.condition)]
    assert not any(isinstance(e, Call) and e.function == "remainder" for e in tests)
    x, w = np.arange(9, dtype=np.float32), np.arange(1, 5, dtype=np.float32)
    want = [sum(x[(i - a) // 2] * w[a] for a in range(4) if not (i - a) % 2 and 0 <= i - a < 18) for i in range(20)]
    np.testing.assert_array_equal(run(nest, {"x": x, "w": w})["y"], np.array(want, np.float32))


def test_a_causal_mask_bounds_the_loop():
    text = "f(x: f32[16, 16]) -> y\ny[i] = sum[j](x[i, j], where=j <= i)"
    nest = nest_of(text, "plan 1 for f\ny: loops i; reduce j; tasks 1")
    assert not any(isinstance(n, Guard) for n in nodes_of(nest))
    x = np.random.default_rng(0).integers(-9, 9, (16, 16)).astype(np.float32)
    np.testing.assert_array_equal(run(nest, {"x": x})["y"], np.tril(x).sum(1))


def test_a_causal_mask_over_a_tile_is_tested_in_the_diagonal_only():
    text = "f(x: f32[16, 16]) -> y\ny[i] = sum[j](x[i, j], where=j <= i)"
    nest = nest_of(text, "plan 1 for f\ny: loops i/4; tile i; reduce j; lanes i; tasks 1")
    loops = [n for n in nodes_of(nest) if isinstance(n, Loop) and n.axis == "j"]
    stored = [[n.value for n in nodes_below(loop) if isinstance(n, Accumulate | Store)] for loop in loops]
    masked = [any(isinstance(e, Where) for value in values for e in subexpressions(value)) for values in stored]
    guarded = [any(isinstance(inner, Guard) for inner in nodes_below(loop)) for loop in loops]
    assert sorted(a or b for a, b in zip(masked, guarded, strict=True)) == [False, True]


def nodes_below(loop):
    for node in loop.body:
        yield node
        if isinstance(node, Loop):
            yield from nodes_below(node)


def test_lowering_is_deterministic():
    text = "f(A: f32[33, 20], B: f32[20, 70]) -> y\ny[i, j] = softmax(sum[k](A[i, k] * B[k, j]), along=j)"
    assert nest_of(text) == nest_of(text)


def test_tasks_of_blocks_run_in_steps():
    nest = nest_of("f(x: f32[10]) -> y\ny[i] = 2 * x[i]", "plan 1 for f\ny: loops i/4; tile i; lanes i; tasks 1")
    [axis] = nest.kernels[0].tasks
    assert isinstance(axis, TaskAxis)
    assert axis.step == 4
    x = np.arange(10, dtype=np.float32)
    np.testing.assert_array_equal(run(nest, {"x": x})["y"], 2 * x)
