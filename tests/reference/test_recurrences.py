# SPDX-License-Identifier: Apache-2.0
"""Recurrences in the reference against plain NumPy, with bounds, explained, and beside what goes in blocks."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.reference import blocks, evaluate, evaluate_with_bounds, evaluation


def found(text, **arrays):
    program = elaborate(parse(text))
    return evaluate(program, arrays)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_a_cell_in_two_statements():
    x, U, h0 = normal(6, 3, 4), normal(4, 4, seed=1), normal(3, 4, seed=2)
    text = "f(x: f32[6, 3, 4], U: f32[4, 4], h0: f32[3, 4]) -> h\nu[t, b, i] = sum[k](h[t - 1, b, k]*U[k, i])\n"
    h = found(text + "h[t, b, i] = tanh(u[t, b, i] + x[t, b, i])\nh[-1, b, i] = h0[b, i]", x=x, U=U, h0=h0)["h"]
    step = h0
    for t in range(6):
        step = np.tanh(step @ U + x[t])
        np.testing.assert_allclose(h[t], step, atol=1e-5)


def test_dynamic_time_warping():
    c = np.abs(normal(5, 6))
    text = "f(c: f32[5, 6]) -> D\nD[i, j] = c[i, j] + minimum(minimum(D[i - 1, j], D[i, j - 1]), D[i - 1, j - 1])\n"
    D = found(text + "D[-1, j] = inf\nD[i, -1] = inf\nD[-1, -1] = 0", c=c)["D"]
    want = np.full((6, 7), np.inf)
    want[0, 0] = 0
    for i in range(5):
        for j in range(6):
            want[i + 1, j + 1] = c[i, j] + min(want[i, j + 1], want[i + 1, j], want[i, j])
    np.testing.assert_allclose(D, want[1:, 1:], rtol=1e-5)


def test_a_triangular_system():
    a, b = np.tril(normal(6, 6), -1), normal(6, 3, seed=1)
    h = found("f(a: f32[6, 6], b: f32[6, 3]) -> h\nh[t, i] = b[t, i] - sum[s](a[t, s]*h[s, i], where=s < t)", a=a, b=b)[
        "h"
    ]
    np.testing.assert_allclose(h, np.linalg.solve(np.eye(6) + a, b), atol=1e-4)


def test_what_no_step_has_reached_is_never_used():
    a = np.full((4, 4), np.nan, np.float32)
    a[np.tril_indices(4, -1)] = 1
    h = found("f(a: f32[4, 4]) -> h\nh[t] = 1 + sum[s](a[t, s]*h[s], where=s < t)", a=a)["h"]
    np.testing.assert_array_equal(h, [1, 2, 4, 8])


def test_results_are_without_the_places_before_the_range():
    h = found("f(x: i32[3]) -> h\nh[t] = h[t - 2] + x[t]\nh[-1] = 7\nh[-2] = 9", x=np.array([1, 2, 3], np.int32))["h"]
    np.testing.assert_array_equal(h, [10, 9, 13])
    assert h.flags.c_contiguous


@pytest.mark.parametrize("kind", ["cumsum", "cumprod", "cummax", "cummin"])
def test_scans_are_those_of_numpy(kind):
    x = normal(4, 9).astype(np.float64)
    y = found(f"f(x: f64[4, 9]) -> y\ny[i, j] = {kind}(x[i, j], along=j)", x=x)["y"]
    numpy = {"cummax": np.maximum.accumulate, "cummin": np.minimum.accumulate}.get(kind) or getattr(np, kind)
    np.testing.assert_allclose(y, numpy(x, axis=1), rtol=1e-14)


def test_bounds_grow_through_steps_and_cover_f32():
    x = normal(200)
    program = elaborate(parse("f(x: f32[200]) -> h\nh[t] = 0.9*h[t - 1] + x[t]\nh[-1] = 0"))
    bounded = evaluate_with_bounds(program, {"x": x})["h"]
    step, plain = np.float32(0), []
    for value in x:
        step = np.float32(np.float32(0.9) * step) + value
        plain.append(step)
    assert bounded.accepts(np.array(plain)).all()
    assert not bounded.accepts(np.array(plain) * np.float32(1.001))[10:].all()
    assert bounded.bound[100] > bounded.bound[0]
    assert bounded.bound.max() < 1e-4


def test_bounds_of_scans_are_those_of_sums_up_to_there():
    x = normal(50)
    scanned = elaborate(parse("f(x: f32[50]) -> y\ny[j] = cumsum(x[j], along=j)"))
    summed = elaborate(parse("f(x: f32[50]) -> y\ny[j] = sum[k](x[k], where=k <= j)\naxis j: 50"))
    one, other = (evaluate_with_bounds(p, {"x": x})["y"] for p in (scanned, summed))
    np.testing.assert_allclose(one.value, other.value, rtol=1e-12)
    np.testing.assert_allclose(one.bound, other.bound, rtol=1e-6)


def test_a_cycle_is_held_whole_where_the_rest_goes_in_blocks(monkeypatch):
    text = "f(x: f32[40, 8]) -> y\nh[t, i] = 0.5*h.outside(0)[t - 1, i] + x[t, i]\nz[t, i] = 2*h[t, i]\ny[t, i] = z[t, i]**2"
    x = normal(40, 8)
    want = found(text, x=x)["y"]
    monkeypatch.setattr(evaluation, "KEPT", 64)
    monkeypatch.setattr(evaluation, "HELD", 64)
    monkeypatch.setattr(blocks, "SCRATCH", 16)
    np.testing.assert_array_equal(found(text, x=x)["y"], want)


def test_an_element_is_explained_through_its_steps():
    op = ur.parse("f(x: f32[n]) -> h\nh[t] = 2*h[t - 1] + x[t]\nh[-1] = 5")
    bound = op.bind(np.array([1, 2, 3], np.float32))
    first = bound.explain(t=0).show()
    assert "h[-1] = 5 (given before the range)" in first
    assert "h[t=0] = 11" in bound.explain(t=2).show(depth=3)


def test_a_scan_is_explained_by_the_terms_up_to_the_place():
    bound = ur.parse("f(x: f32[n]) -> y\ny[j] = cumsum(x[j], along=j)").bind(np.arange(5, dtype=np.float32))
    (folding,) = bound.explain(j=3).foldings
    assert [term.value for term in folding.terms] == [0, 1, 2, 3]
    assert [term.running for term in folding.terms] == [0, 1, 3, 6]
