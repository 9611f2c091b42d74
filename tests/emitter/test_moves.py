# SPDX-License-Identifier: Apache-2.0
"""Which tensors the planner has stored a tile at a time, and that they hold what they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import unrut as ur
from unrut.emitter.graph import analyse
from unrut.emitter.machine import AVX2, AVX512
from unrut.emitter.pipeline import default_layouts, emit
from unrut.emitter.schedule.costs import Strides
from unrut.emitter.schedule.nearness import ordered
from unrut.emitter.schedule.plan_text import show
from unrut.testing.nest_interpreter import run

SMALL_CACHES = replace(AVX512, l3=512)


def planned(text, machine=SMALL_CACHES):
    trace = emit(ur.parse(text).program(), machine=machine, stop="nest")
    return trace, {e.computation: e for e in trace.plan.entries}


@pytest.mark.parametrize("dtype", ["f32", "i64", "u32"])
def test_a_transposing_copy_is_turned(dtype):
    trace, entries = planned(f"t(x: {dtype}[2, 70, 40]) -> y\ny[n, j, i] = x[n, i, j]", AVX512)
    assert (entries["y"].turn, entries["y"].lanes, entries["y"].past) == (("i",), "j", False)
    x = np.random.default_rng(0).integers(0, 99, (2, 70, 40)).astype(trace.program.dtype_of("x").numpy)
    np.testing.assert_array_equal(run(trace.nest, {"x": x}, seed=2)["y"], x.transpose(0, 2, 1))


@pytest.mark.parametrize("statement", ["y[j, i] = x[i, j] + 1", "y[j, i] = where(x[i, j] > 9, x[i, j], w[i])"])
def test_what_is_computed_on_the_way_is_turned_too(statement):
    trace, entries = planned(f"t(x: f32[70, 40], w: f32[70]) -> y\n{statement}", AVX512)
    assert (entries["y"].turn, entries["y"].lanes) == (("i",), "j")
    x, w = (
        np.random.default_rng(k).integers(0, 20, shape).astype(np.float32) for k, shape in enumerate([(70, 40), 70])
    )
    expected = ur.parse(f"t(x, w) -> y\n{statement}").reference(x, w)
    np.testing.assert_array_equal(run(trace.nest, {"x": x, "w": w}, seed=2)["y"], expected)


@pytest.mark.parametrize("statement", ["y[i, j] = x[i, j]", "y[i, j] = x[i, j] + w[i]"])
def test_what_is_stored_as_it_is_read_is_not(statement):
    _, entries = planned(f"t(x: f32[70, 40], w: f32[70]) -> y\naxis j: 40\n{statement}", AVX512)
    assert not entries["y"].turn


def test_short_sides_are_left_alone():
    _, entries = planned("t(x: f32[70, 4]) -> y\ny[j, i] = x[i, j]", AVX512)
    assert not entries["y"].turn


@pytest.mark.parametrize(
    ("text", "past"),
    [
        ("t(a: f32[20], b: f32[80]) -> y\ny[i, j] = a[i]*b[j]", True),
        ("t(x: f32[48, 32]) -> y\ny[j, i] = x[i, j]", True),
        ("t(a: f32[20, 3], b: f32[3, 64]) -> y\ny[i, j] = sum[k](a[i, k]*b[k, j])", True),
        ("t(a: f32[20, 60], b: f32[60, 64]) -> y\ny[i, j] = sum[k](a[i, k]*b[k, j])", False),  # the multiplier decides
        ("t(a: f32[20], b: f32[5]) -> y\ny[i, j] = a[i]*b[j]", False),  # less than a cache has
        ("t(a: f64[20, 90]) -> y\ny[i] = sum[k](a[i, k])", False),
    ],
)
def test_large_results_go_past_the_caches(text, past):
    trace, entries = planned(text)
    assert entries["y"].past == past, show(trace.plan)
    assert not planned(text, AVX2)[1]["y"].past
    values = np.random.default_rng(1)
    arrays = {
        o.name: values.integers(-5, 6, [e.value() for e in o.shape]).astype(o.dtype.numpy)
        for o in trace.program.operands
    }
    expected = ur.parse(text).reference(*arrays.values())
    np.testing.assert_array_equal(run(trace.nest, arrays, seed=3)["y"], expected)


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("t(a: f32[20, 32, 3], b: f32[3, 48]) -> y\ny[n, j, i] = sum[k](a[n, i, k]*b[k, j])", ("i",)),
        (
            "t(a: f32[6, 4, 3], b: f32[5, 3, 4, 16]) -> y\ny[n, m, o, i, j] = sum[k](a[n, i, k]*b[m, k, j, o])",
            ("i", "j"),
        ),
        ("t(a: f32[32, 3, 20, 16], b: f32[3, 5]) -> y\ny[n, j, i] = sum[k](a[i, k, n, 3]*b[k, j])", ()),
    ],
)
def test_reductions_are_turned_where_a_loaded_vector_serves_many_places(text, turn):
    trace, entries = planned(text, AVX512)
    assert entries["y"].turn == turn, show(trace.plan)
    values = np.random.default_rng(1)
    arrays = {
        o.name: values.integers(-5, 6, [e.value() for e in o.shape]).astype(np.float32) for o in trace.program.operands
    }
    expected = ur.parse(text).reference(*arrays.values())
    np.testing.assert_array_equal(run(trace.nest, arrays, seed=3)["y"], expected)


def test_the_loop_along_which_lines_are_used_again_goes_innermost():
    text = "t(p: f32[64, 32, 66, 64], q: f32[66, 64]) -> y\ny[a, b, c, d] = sum[e](p[d, b, e, a]*q[e, c])"
    program = ur.parse(text).program()
    graph = analyse(program)
    strides = Strides(graph, default_layouts(program))
    assert ordered(graph.computation("y"), ["a", "b"], {"c": 16, "d": 16}, strides) == ["b", "a"]
    assert ordered(graph.computation("y"), ["b", "a"], {"c": 16, "d": 16}, strides) == ["b", "a"]


def test_rows_that_use_what_is_loaded_go_together():
    text = "t(a: f32[{m}, 8192], x: f32[8192]) -> y\ny[i] = sum[j](a[i, j]*x[j])"
    _, entries = planned(text.format(m=64), AVX512)
    assert [(over.axis, over.block) for over in entries["y"].loops] == [("i", 4)]
    assert entries["y"].tile == ("i",)
    assert (entries["y"].reduce[-1].axis, entries["y"].reduce[-1].block) == ("j", 32)
    _, few = planned(text.format(m=4), AVX512)
    assert few["y"].tile == ()


def test_lines_without_rows_are_long():
    _, entries = planned("t(a: f32[4096, 8192], x: f32[4096]) -> y\ny[j] = sum[i](a[i, j]*x[i])", AVX512)
    assert [(over.axis, over.block) for over in entries["y"].loops] == [("j", 256)]


def test_a_large_copy_that_is_read_a_few_times_is_made_just_before():
    gate = "t(u: c128[2, 2, 2, 2], v: c128[64, 2, 16, 2, 64]) -> w\n"
    gate += "w[a, i, b, j, c] = sum[x, y](u[i, j, x, y]*v[a, x, b, y, c])"
    trace, entries = planned(gate, replace(AVX512, l2=1 << 16))
    assert trace.plan.staged == ("v",)
    assert entries["w"].turn == ("part",)
    assert entries["v_staged"].turn
    assert len(trace.plan.kernels()) == 1, show(trace.plan)


def test_rows_that_make_a_line_go_past_the_caches_together():
    text = "t(a: f64[200, 4, 3], b: f64[200, 3, 4]) -> y\ny[n, i, k] = sum[j](a[n, i, j]*b[n, j, k])"
    trace, entries = planned(text)
    assert (entries["y"].turn, entries["y"].lanes, entries["y"].past) == (("i",), "k", True)
    a, b = (np.random.default_rng(k).integers(-5, 6, s).astype(np.float64) for k, s in enumerate([(200, 4, 3), (200, 3, 4)]))
    np.testing.assert_array_equal(run(trace.nest, {"a": a, "b": b}, seed=3)["y"], a @ b)
