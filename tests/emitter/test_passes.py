# SPDX-License-Identifier: Apache-2.0
"""Passes: caches of a few bytes make every kernel have some, with the same results; what nobody needs is not made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from unrut import ops
from unrut.emitter import emit
from unrut.emitter.machine import AVX512, Machine
from unrut.emitter.schedule.plan import total_depth
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.reference import evaluate, evaluate_with_bounds
from unrut.testing.cases import draw_case
from unrut.testing.comparison import judge_bounded, judge_exact
from unrut.testing.nest_runs import run_nest
from unrut.testing.programs import programs

TINY = Machine(name="tiny", vector=16, registers=16, l1=96, l2=4096, cores=1)

ATTENTION = "f(a: f32[{q}, 3], b: f32[{k}, 3], v: f32[{k}, 5]) -> y\nS[q, k] = sum[d](a[q, d] * b[k, d])\n"
CAUSAL = (
    ATTENTION
    + "l[q] = logsumexp[k](S[q, k], where=k <= q)\ny[q, e] = sum[k](exp(S[q, k] - l[q]) * v[k, e], where=k <= q)"
)
WINDOW = ATTENTION + "y[q, e] = sum[k](S[q, k] * v[k, e], where=(k <= q + 2) & (k >= q - 3))"
LATE = ATTENTION + "y[q, e] = sum[k](S[q, k] * v[k, e], where=k >= q) + max[k](S[q, k], where=k > q, initial=0)"
PLAIN = ATTENTION + "y[q, e] = sum[k](softmax(S[q, k], along=k) * v[k, e])"
GIVEN = ATTENTION + "y[q, e] = sum[k](S[q, k] * v[k, e], where=(S[q, k] > 0) & (k <= q))"


def nest_of(text, machine=TINY):
    program = elaborate(parse(text))
    trace = emit(program, machine=machine, stop="nest")
    return program, trace.plan, trace.nest


@pytest.mark.parametrize("text", [CAUSAL, WINDOW, LATE, PLAIN, GIVEN])
@pytest.mark.parametrize(("q", "k"), [(23, 23), (9, 30), (30, 9), (16, 16), (1, 7)])
def test_blocks_of_a_pass_give_the_same(text, q, k):
    program, _, nest = nest_of(text.format(q=q, k=k))
    random = np.random.default_rng(q * k)
    arrays = {o.name: random.integers(-2, 3, [e.value() for e in o.shape]).astype(np.float32) for o in program.operands}
    wanted = evaluate_with_bounds(program, arrays, {})
    assert not judge_bounded(run_nest(nest, program, arrays, {})["y"], wanted["y"]).problem


@pytest.mark.parametrize("text", [CAUSAL, PLAIN, LATE])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_without_end_stay_where_they_belong(text, value):
    program, _, nest = nest_of(text.format(q=11, k=11))
    for place in (0, 4, 10):
        random = np.random.default_rng(place)
        shapes = {o.name: [e.value() for e in o.shape] for o in program.operands}
        arrays = {name: random.integers(0, 3, shape).astype(np.float32) for name, shape in shapes.items()}
        arrays["b"][place, 1] = value
        with np.errstate(all="ignore"):
            wanted = evaluate_with_bounds(program, arrays, {})
        assert not judge_bounded(run_nest(nest, program, arrays, {})["y"], wanted["y"]).problem


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(exact=True, statements=3, depth=3), st.integers(0, 2**31))
def test_random_programs_agree_bit_for_bit_in_tiny_caches(sample, seed):
    case = draw_case(sample, seed=seed)
    note(case.text)
    nest = emit(case.program, machine=TINY, stop="nest").nest
    got = run_nest(nest, case.program, case.arrays, case.scalars, seed=seed)
    want = evaluate(case.program, case.arrays, case.scalars)
    for name in case.program.results:
        assert not judge_exact(got[name], want[name]).problem, name


def test_attention_reads_its_scores_while_they_are_near():
    spec = ("f32[1, 8, 2048, 64]",) * 3
    trace = emit(ops.attention.bind(*spec).program, machine=AVX512, stop="nest")
    entries = {e.computation: e for e in trace.plan.entries}
    graph = {c.name: c for c in trace.graph.computations}
    assert total_depth(graph["Y"], entries["Y"]) is not None
    assert entries["Y_max"].share > len(entries["Y"].loops[:3])


def test_no_block_is_made_of_keys_that_no_query_sees():
    _, _, nest = nest_of(CAUSAL.format(q=512, k=512), AVX512)
    program = elaborate(parse(CAUSAL.format(q=512, k=512)))
    random = np.random.default_rng(0)
    arrays = {o.name: random.random([e.value() for e in o.shape], np.float32) for o in program.operands}
    arrays["b"][-1] = np.nan  # the last key alone: every query but the last is free of it
    assert np.isnan(run_nest(nest, program, arrays, {})["y"]).any(axis=1).tolist() == [False] * 511 + [True]
