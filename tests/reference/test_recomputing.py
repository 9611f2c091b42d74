# SPDX-License-Identifier: Apache-2.0
"""Intermediates that no block of their readers can have in parts: computed again, with the same values, in no memory."""

from __future__ import annotations

import tracemalloc
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

import unrut as ur
from unrut.errors import RangeError
from unrut.program.nodes import Read, Reduce
from unrut.program.walk import map_bottom_up, reads, subexpressions
from unrut.reference import evaluate, evaluate_with_bounds, evaluation
from unrut.reference.recomputing import recomputable, recomputed
from unrut.testing.cases import draw_case
from unrut.testing.comparison import judge_bounded, judge_exact
from unrut.testing.programs import programs
from unrut.testing.values import STYLES


@contextmanager
def little_room(held=0):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "KEPT", held)
        patch.setattr(evaluation, "HELD", held)
        yield


def without(program):
    """A program without all intermediates that may go."""
    while True:
        own = [s for s in program.statements if s.target not in program.results and recomputable(program, s)]
        if not own:
            return program
        program = recomputed(program, own[0])


def bits(array):
    return np.where(np.isnan(array), np.nan, array).tobytes() if array.dtype.kind == "f" else array.tobytes()


@settings(max_examples=150)
@given(sample=programs(exact=True, statements=4, depth=3), seed=st.integers(0, 2**31))
def test_small_integers_come_out_the_same_in_random_programs(sample, seed):
    case = draw_case(sample, seed=seed)
    note(case.text)
    given_to = (case.program, case.arrays, case.scalars)
    want, judged = evaluate(*given_to), evaluate_with_bounds(*given_to)
    with little_room():
        found, bounded = evaluate(*given_to), evaluate_with_bounds(*given_to)
    for name in case.program.results:
        assert not judge_exact(found[name], want[name]).problem
        assert not judge_exact(bounded[name].value, judged[name].value).problem


@settings(max_examples=150)
@given(sample=programs(exact=False, statements=4, depth=3), seed=st.integers(0, 2**31), style=st.sampled_from(STYLES))
def test_any_data_stay_within_the_bounds_in_random_programs(sample, seed, style):
    case = draw_case(sample, seed=seed, style=style)
    note(case.text)
    given_to = (case.program, case.arrays, case.scalars)
    want, judged = evaluate(*given_to), evaluate_with_bounds(*given_to)
    with little_room():
        found, bounded = evaluate(*given_to), evaluate_with_bounds(*given_to)
    for name in case.program.results:
        assert not judge_bounded(found[name], judged[name]).problem
        assert not judge_bounded(want[name], bounded[name]).problem


@pytest.mark.parametrize(
    "body",
    [
        "x[i]*x[j]/3", "cast(x[i]*1e5, i32) + n[j]", "n[i]*n[j] + 2147483647", "x[i] < x[j]", "n[i] // n[j]",
        "where(i < j, x[i] - x[j], x[j]**3)", 'x.outside("wrap")[i - j] + x.outside(2)[i + j]', "x[i]*1e38 + j",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "reader",
    ["max[j](t[i, j]/3 - t[j, i])", "t[i, i]/7 + i", "min[a](t[8 - a, i//2] + t[i, (a + 3) % 9], where=a > 0)",
     "softmax(t[0, i]*0.25, along=i)", "where(t[i, 0] > t[0, i], t[i, 1], t[1, i])"],
)  # fmt: skip
def test_values_have_the_same_bits(program, body, reader):
    parsed = program(f"f(x: f32[9], n: i32[9])->y\naxis i: 9\naxis j: 9\nt[i, j] = {body}\ny[i] = {reader}")
    random = np.random.default_rng(3)
    arrays = {"x": random.normal(size=9).astype("f4"), "n": random.integers(-9, 9, 9).astype("i4")}
    again = without(parsed)
    assert len(again.statements) == 1
    assert bits(evaluate(again, arrays)["y"]) == bits(evaluate(parsed, arrays)["y"])
    before, after = evaluate_with_bounds(parsed, arrays)["y"], evaluate_with_bounds(again, arrays)["y"]
    assert bits(after.value) == bits(before.value)
    assert np.allclose(after.bound, before.bound, rtol=1e-6, atol=0)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("policy", ["0", "7.5", "-inf", "'edge'", "'wrap'", "'reflect'", "'symmetric'"])
def test_policies_act_on_the_subscripts(program, policy, n):
    parsed = program(
        f"f(x: f32[n])->y\naxis i: 19\naxis j: 3\nt[a, b] = x[a]*10/3 - x[b]\n"
        f"y[i, j] = t.outside({policy})[i - 9, 2*j - 1]/3"
    )
    arrays = {"x": np.random.default_rng(n).normal(size=n).astype("f4")}
    want, judged = evaluate(parsed, arrays)["y"], evaluate_with_bounds(parsed, arrays)["y"]
    again = without(parsed)
    assert len(again.statements) == 1
    assert bits(evaluate(again, arrays)["y"]) == bits(want)
    found = evaluate_with_bounds(again, arrays)["y"]
    assert bits(found.value) == bits(judged.value)
    assert np.allclose(found.bound, judged.bound, rtol=1e-6, atol=0)


def test_a_statement_rounds_where_it_is_read(program):
    parsed = program("f(x: f32[3])->y\nt[i, j] = x[i] + x[j]\ny[i] = max[j](t[i, j] - t[j, i]*0 - x[0])")
    x = np.array([1e8, 1, 3], np.float32)
    with little_room():
        assert evaluate(parsed, {"x": x})["y"].tolist() == [1e8, 0, 0]  # 1e8 + 3 unrounded would leave 3


def test_chains_are_written_out_up_to_a_moderate_size(program):
    lines = ["f(x: f64[4])->y", "t0[i, j] = x[i]*x[j]"]
    lines += [f"t{k}[i, j] = t{k - 1}[i, j] - t{k - 1}[j, i]/2" for k in range(1, 30)]
    parsed = program("\n".join([*lines, "y[i] = max[j](t29[j, i])"]))
    again = without(parsed)
    assert 1 < len(again.statements) < 10
    assert max(sum(1 for _ in subexpressions(s.body)) for s in again.statements) < 3000
    x = {"x": np.arange(1.0, 5)}
    assert np.array_equal(evaluate(again, x)["y"], evaluate(parsed, x)["y"])


@pytest.mark.parametrize(
    "text",
    [
        "f(x: f32[5, 5, 5])->y\nt[i, j] = sum[k](x[i, j, k])\ny[i] = max[j](t[j, i])",
        "f(x: f32[5, 5])->y\nt[i, j] = softmax(x[i, j], along=j)\ny[i] = max[j](t[j, i] + t[i, j])",
    ],
)
def test_what_can_not_be_seen_from_the_body_is_held(program, text):
    parsed = program(text)
    assert not recomputable(parsed, parsed.statement("t"))
    with little_room():
        random = np.random.default_rng(0)
        arrays = {o.name: random.integers(0, 5, [e.value() for e in o.shape]).astype(o.dtype.numpy)
                  for o in parsed.operands}  # fmt: skip
        found = evaluate(parsed, arrays)
    assert np.array_equal(found["y"], evaluate(parsed, arrays)["y"])


def test_computed_places_are_not_looked_up_in_a_body(program):
    parsed = program("f(x: f32[5], n: i64[5])->y\nt[i, j] = x[i]*x[j]\ny[i] = t[i, i]*n[i]")
    place = next(r for r in reads(parsed.statement("y").body) if r.tensor == "n")

    def looked_up(expr):
        return replace(expr, subscripts=(place, place)) if isinstance(expr, Read) and expr.tensor == "t" else expr

    body = map_bottom_up(parsed.statement("y").body, looked_up)
    computed = replace(parsed, statements=(parsed.statement("t"), replace(parsed.statement("y"), body=body)))
    assert recomputable(parsed, parsed.statement("t"))
    assert not recomputable(computed, computed.statement("t"))
    arrays = {"x": np.ones(5, np.float32), "n": np.array([0, 1, 5, 2, 3])}
    with little_room(), pytest.raises(RangeError, match="subscript 0 is 5"):
        evaluate(computed, arrays)


def test_only_what_is_too_much_goes(program):
    parsed = program(
        "f(x: f32[9])->y\nsmall[i] = x[i]*2\nt[i, j] = small[i]*x[j]\ns[i, j] = max[k](x[k] + small[j]*small[i])\n"
        "y[i] = sum[j](t[i, j]*t[j, i] + s[j, i]*small[j])"
    )
    arrays = {"x": np.arange(9, dtype=np.float32)}
    evaluated = []
    fitting = evaluation.fitting

    def watched(*arguments):
        found = fitting(*arguments)
        evaluated.append([s.target for s in found[0].statements])
        return found

    with little_room(held=300), pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "fitting", watched)
        evaluate(parsed, arrays)
        evaluate(parsed, arrays, every=True)
    assert evaluated == [["small", "s", "y"], ["small", "t", "s", "y"]]
    assert not any(isinstance(part, Reduce) for part in subexpressions(parsed.statement("t").body))
    y = recomputed(parsed, parsed.statement("t")).statement("y")
    assert {r.tensor for r in reads(y.body)} == {"small", "x", "s"}


@pytest.mark.parametrize(
    "text",
    ["f(x: f32[6500])->y\nt[i,j] = x[i]*x[j]\ny[()] = sum[i,j](t[i,j]**2)",
     "f(x: f32[6500])->y\nt[i,j] = x[i]*x[j]\ny[i] = sum[j](t[i,j]*t[j,i])"],
)  # fmt: skip
def test_large_intermediates_without_shared_axes_never_exist(text):
    op = ur.parse(text)
    x = np.random.default_rng(0).integers(-3, 4, 6500).astype(np.float32)
    tracemalloc.start()
    try:
        y = op.reference(x)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    assert peak < 100
    squares = x.astype(np.float64) ** 2
    assert np.array_equal(y, (squares * squares.sum() if y.ndim else squares.sum() ** 2).astype(np.float32))
