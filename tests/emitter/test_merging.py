# SPDX-License-Identifier: Apache-2.0
"""Axes merged into rows and vectors, packed copies, slabs: plans given by hand and chosen ones, run without a compiler."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.emitter.machine import AVX512
from unrut.emitter.pipeline import emit
from unrut.emitter.schedule.plan_text import parse_plan, show
from unrut.errors import PlanError
from unrut.testing.nest_interpreter import run

HEAD = "f(a: f32[{n}, {y}, {k}], b: f32[{k}, {c}, {j}]) -> v\n"
PRODUCT = HEAD + "v[n, c, y, j] = sum[k](a[n, y, k]*b[k, c, j])"
PACKED = """merge v: ny = n y
merge v: cj/4 = c j
pack v: bp = cj k cj_lane
bp: loops {pack}; lanes {last}; tasks 1
v_tile: loops cj/2 ny/3; tile ny cj cj_lane; reduce k; lanes cj_lane; tasks 2
v: loops cj/2 ny/3; tile ny cj {inner}; lanes {last}; share 2"""
PLACED = """merge v: ny = n y
merge v: cj/4 = c j
v_tile: loops ny/2+1; tile ny cj cj_lane; reduce k; lanes cj_lane; tasks 1
v: loops ny/2+1; tile ny cj {inner}; lanes {last}; share 1"""


def product(n, y, k, c, j):
    program = ur.parse(PRODUCT.format(n=n, y=y, k=k, c=c, j=j)).program()
    rng = np.random.default_rng(0)
    a = rng.integers(-4, 5, (n, y, k)).astype(np.float32)
    b = rng.integers(-4, 5, (k, c, j)).astype(np.float32)
    return program, {"a": a, "b": b}, np.einsum("nyk,kcj->ncyj", a, b)


@pytest.mark.parametrize("plan", [PACKED, PLACED])
@pytest.mark.parametrize(
    ("extents", "inner"),
    [
        ((2, 5, 3, 3, 2), "cj_lane1 cj_lane2"),
        ((1, 7, 4, 2, 3), "cj_lane"),
        ((3, 3, 2, 5, 3), "cj_lane"),
        ((2, 4, 1, 1, 6), "cj_lane"),
        ((2, 3, 5, 2, 8), ""),
    ],
)
def test_merged_rows_and_vectors_of_any_extent(plan, extents, inner):
    program, arrays, expected = product(*extents)
    own = inner or "cj_lane"
    text = "plan 1 for f\n" + plan.format(inner=own, last=own[own.rfind(" ") + 1 :], pack=f"cj k {own}")
    if not inner:  # whole vectors are stored without a tile between
        text = text[: text.rindex("\n")].replace("v_tile:", "v:")
    parsed = parse_plan(text)
    assert parse_plan(show(parsed)) == parsed
    nest = emit(program, plan=parsed, stop="nest").nest
    for seed in range(3):
        np.testing.assert_array_equal(run(nest, arrays, seed=seed)["v"], expected)


@pytest.mark.parametrize("outside", ['"edge"', '"wrap"', '"reflect"', "0", "1"])
def test_slabs_hold_what_policies_give(outside):
    text = f"f(x: f32[3, 6], w: f32[3]) -> y\naxis j: 6\ny[i, j] = sum[k](x.outside({outside})[i, j + k - 1]*w[k])"
    program = ur.parse(text).program()
    plan = (
        "plan 1 for f\nslab y: x_slab = x\nx_slab: loops i d1; lanes d1; tasks 1\ny: loops i; tile j; reduce k; share 1"
    )
    x, w = np.arange(18, dtype=np.float32).reshape(3, 6), np.array([2, 3, 5], np.float32)
    if outside in ('"wrap"', '"reflect"'):
        plan = show(emit(program, stop="plan").plan)
    nest = emit(program, plan=parse_plan(plan), stop="nest").nest
    modes = {"0": {"constant_values": 0}, "1": {"constant_values": 1}}
    mode = outside.strip('"') if outside.startswith('"') else "constant"
    around = np.pad(x, ((0, 0), (1, 1)), mode, **modes.get(outside, {}))
    expected = sum(around[:, k : k + 6] * w[k] for k in range(3))
    np.testing.assert_array_equal(run(nest, {"x": x, "w": w})["y"], expected)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("merge v: ny = n y\nmerge v: nz = n", "merged already"),
        ("merge v: c = n y", "no new name"),
        ("merge w: ny = n y", "no computation"),
        ("merge v: ny/1 = n y", "one lane"),
        ("merge v: ny/4 = n y\nmerge v: cj/4 = c j", "two axes"),
        ("merge v: cj/4 = c j\npack v: b = cj k cj_lane", "name of a copy"),
        ("merge v: cj/4 = c j\npack v: bp = cj k", "without their lanes"),
        ("merge v: cj/4 = c j\npack v: bp = cj cj_lane", "depends on just"),
        ("pack v: bp = c k j", "merges nothing"),
        ("classes v: n = 1", "1 classes"),
        ("classes v: k = 2", "2 classes"),
        ("classes v: y = 2", "outside of `a`"),
        ("slab v: a = a", "name of a copy"),
        ("slab v: xs = x", "depends on more"),
    ],
)
def test_what_means_nothing_is_refused(line, fault):
    program, *_ = product(2, 3, 4, 2, 2)
    plan = parse_plan(f"plan 1 for f\n{line}\nv: loops n y c j; reduce k")
    with pytest.raises(PlanError, match=fault):
        emit(program, plan=plan, stop="plan")


@pytest.mark.parametrize("loop", ["n/2+1", "n/4+3", "n/3+2"])
def test_blocks_of_two_sizes_come_out_even_or_are_refused(loop):
    program, arrays, expected = product(5, 2, 3, 2, 2)
    plan = parse_plan(f"plan 1 for f\nv: loops {loop} y; tile n c j; reduce k; lanes j; tasks 1")
    if loop == "n/4+3":
        with pytest.raises(PlanError, match="come out even"):
            emit(program, plan=plan, stop="plan")
        return
    nest = emit(program, plan=plan, stop="nest").nest
    np.testing.assert_array_equal(run(nest, arrays)["v"], expected)


def test_what_is_stored_elsewhere_shares_no_loop():
    text = "f(a: f32[4, 8], b: f32[8, 8]) -> y\nv[i, j] = sum[k](a[i, k]*b[k, j])\ny[i] = sum[j](v[i, j])"
    own = "v: loops i; tile j_vec j_vec_lane; reduce k; lanes j_vec_lane"
    plan = f"plan 1 for f\nmerge v: j_vec/4 = j\n{own}\ny: loops i; reduce j; share 1"
    with pytest.raises(PlanError, match="stored elsewhere"):
        emit(ur.parse(text).program(), plan=parse_plan(plan), stop="plan")


GRADIENT = """f(g: f32[9, {y}, 12], w: f32[3, 12, 20]) -> v
axis h: {h}
v[n, h, c] = sum[k, o](g.outside(0.0)[n, (h - k)//2, o]*w[k, o, c], where=(h - k) % 2 == 0)"""


@pytest.mark.parametrize("h", [14, 15])
def test_strided_gradients_go_class_by_class(h):
    program = ur.parse(GRADIENT.format(y=7, h=h)).program()
    trace = emit(program, stop="nest")
    assert [(c.axis, c.by) for c in trace.plan.classes] == [("h", 2)]
    rng = np.random.default_rng(2)
    g, w = (rng.integers(-3, 4, shape).astype(np.float32) for shape in ((9, 7, 12), (3, 12, 20)))
    expected = np.zeros((9, h, 20), np.float32)
    for place, k in np.ndindex(h, 3):
        if (place - k) % 2 == 0 and 0 <= (place - k) // 2 < 7:
            expected[:, place] += g[:, (place - k) // 2] @ w[k]
    np.testing.assert_array_equal(run(trace.nest, {"g": g, "w": w})["v"], expected)


CONVOLUTION = """f(x: f32[{n}, 8, 7, 4], w: f32[3, 3, 4, 12]) -> y
axis h: 8
axis v: 7
y[n, h, v, d] = sum[a, b, c](x.outside(0.0)[n, h + a - 1, v + b - 1, c]*w[a, b, c, d])"""


@pytest.mark.parametrize("n", [1, 8])
def test_chosen_plans_of_convolutions_run_in_the_interpreter(n):
    program = ur.parse(CONVOLUTION.format(n=n)).program()
    trace = emit(program, machine=AVX512, stop="nest")
    rng = np.random.default_rng(1)
    x, w = (rng.integers(-3, 4, shape).astype(np.float32) for shape in ((n, 8, 7, 4), (3, 3, 4, 12)))
    around = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(around, (3, 3), axis=(1, 2))
    assert trace.plan.slabs
    assert trace.plan.packed
    found = run(trace.nest, {"x": x, "w": w})["y"]
    np.testing.assert_array_equal(found, np.einsum("nhvcab,abcd->nhvd", windows, w))
