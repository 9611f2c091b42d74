# SPDX-License-Identifier: Apache-2.0
"""Bounded scratch: blocks give the same bits, and what does not fit never exists whole."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unrut.reference import evaluate, evaluate_with_bounds, evaluation, explain, folding, interpreter
from unrut.reference.blocks import blocks, cuts, footprint, size
from unrut.reference.bounds import interpreter as bounds_interpreter
from unrut.reference.places import Scene
from unrut.reference.sharing import shared_axes
from unrut.testing.cases import draw_case
from unrut.testing.programs import programs

MIXED = """f(x: f64[6, 5, 4], w: f64[4, 3]) -> (y, top, place)
u[n, i, k] = sum[j](x[n, i, j]*w[j, k])*0.5
s[n, k] = logsumexp[i](u[n, i, k], where=i > 0)
p[n, i, k] = softmax(u[n, i, k], along=i)
y[n, i, k] = p[n, i, k] - s[n, k] + max[j](x[n, i, j] + k)
top[n] = sum[i, k](u[n, i, k]*p[n, i, k]) + prod[j](x[n, 0, j])
place[n] = argmax[j](x[n, 1, j])
"""


def arrays(seed=0):
    random = np.random.default_rng(seed)
    return {"x": random.normal(size=(6, 5, 4)), "w": random.normal(size=(4, 3))}


def shrink(monkeypatch, scratch, kept):
    for module in (interpreter, folding, bounds_interpreter):
        monkeypatch.setattr(module, "SCRATCH", scratch)
    monkeypatch.setattr(evaluation, "KEPT", kept)
    monkeypatch.setattr(evaluation, "HELD", kept)


@pytest.mark.parametrize(("scratch", "kept"), [(2**22, 500), (40, 2**25), (1, 1), (300, 200)])
def test_blocks_change_nothing_but_the_order_of_sums(program, monkeypatch, scratch, kept):
    parsed, given = program(MIXED), arrays()
    whole, judged = evaluate(parsed, given, every=True), evaluate_with_bounds(parsed, given)
    shrink(monkeypatch, scratch, kept)
    for every in (False, True):
        for name, found in evaluate(parsed, given, every=every).items():
            assert np.allclose(found, whole[name], rtol=1e-13, atol=1e-13), name
    for name, bounded in evaluate_with_bounds(parsed, given).items():
        assert np.allclose(bounded.value, judged[name].value, rtol=1e-13, atol=1e-13)
        assert np.allclose(bounded.bound, judged[name].bound, rtol=1e-6, atol=0)


ALONG = """f(x: f64[6, 5]) -> (y, z)
s[q, k] = x[q, k]*2
y[q, k] = softmax(s[q, k], along=q)
z[q, k] = softmax(s[q, k], along=k)
"""


def test_a_softmax_along_a_shared_axis_needs_the_whole_line(program, monkeypatch):
    parsed, given = program(ALONG), {"x": arrays()["x"][..., 0]}
    assert [dict(s.dimension) for s in shared_axes(parsed)] == [{"y": 0, "z": 0}, {"y": 1, "z": 1}]
    shrink(monkeypatch, 300, 100)
    found = evaluate(parsed, given)
    assert np.allclose(found["y"].sum(0), 1)
    assert np.allclose(found["z"].sum(1), 1)
    parts = explain(parsed, given, {}, "y", {"q": 2, "k": 1}).foldings[0].terms
    assert np.allclose([term.value for term in parts], 2 * given["x"][:, 1])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sample=programs(exact=True), seed=st.integers(0, 2**31))
def test_random_programs_give_the_same_in_blocks(sample, seed, monkeypatch):
    case = draw_case(sample, seed=seed)
    whole = evaluate(case.program, case.arrays, case.scalars)
    with monkeypatch.context() as small:
        shrink(small, 40, 60)
        for name, found in evaluate(case.program, case.arrays, case.scalars).items():
            np.testing.assert_array_equal(found, whole[name])


def test_argmax_in_blocks_still_takes_the_first(program, monkeypatch):
    text = "f(x: f32[4, 6]) -> (a, b, c)\na = argmax[i, j](x[i, j])[0]\nb = argmax[i, j](x[i, j])[1]\n"
    parsed = program(text + "c = argmax[i](x[i, 0], where=i > 1)")
    shrink(monkeypatch, 5, 2**25)
    for seed in range(30):
        random = np.random.default_rng(seed)
        x = random.integers(0, 4, (4, 6)).astype(np.float32)
        x[:2, 0] += 10
        if seed % 3 == 0:
            x[random.integers(0, 4, 2), random.integers(0, 6, 2)] = np.nan
        found = evaluate(parsed, {"x": x})
        assert (found["a"], found["b"]) == np.unravel_index(np.argmax(x), x.shape)
        assert found["c"] == 2 + np.argmax(x[2:, 0])


def test_pieces_cover_ranges_once_and_fit(program):
    parsed = program("f(x: f64[7, 9, 11]) -> y\ny[i, j] = sum[k](exp(x[i, j, k]))")
    statement = parsed.statements[0]
    scene = Scene(tensors={}, scalars={}, sizes={})
    arrays_made = footprint(statement.body, scene)
    ranges = scene.whole(statement.axes)
    for limit in (1, 40, 100, 500, 10**6):
        pieces = list(blocks(cuts(ranges, arrays_made, limit)))
        visited = [(i, j) for p in pieces for i in p["i"] for j in p["j"]]
        assert sorted(visited) == [(i, j) for i in range(7) for j in range(9)]
        one_place = size(arrays_made, {"i": 1, "j": 1})
        assert all(size(arrays_made, {a: len(r) for a, r in p.items()}) <= max(limit, 2 * one_place) for p in pieces)


@pytest.mark.parametrize("body", ["softmax(x[k], along=k)", "x[k] - max[j](exp(x[j]))"])
def test_a_line_that_exceeds_the_scratch_is_not_made_anew_for_each_of_its_places(program, body):
    parsed = program(f"f(x: f64[1000]) -> y\ny[k] = {body}")
    statement = parsed.statements[0]
    scene = Scene(tensors={}, scalars={}, sizes={})
    arrays_made = footprint(statement.body, scene)
    for limit in (10, 100, 900, 5000):
        assert len(list(blocks(cuts(scene.whole(statement.axes), arrays_made, limit)))) <= 4


def test_shared_axes_follow_bare_subscripts(program):
    parsed = program(
        "f(x: f32[4, 4], w: f32[4]) -> y\nc[i] = w[i]*2\nu[a, b] = x[a, b] + c[b]\n"
        "v[j, n] = u[n, j] + c[j]\ny[n, i] = v[i, n] + sum[j](u[n, j])"
    )
    found = {s.axis.name: dict(s.dimension) for s in shared_axes(parsed)}
    assert found == {"n": {"y": 0, "v": 1, "u": 0}, "i": {"y": 1, "v": 0}}


def peak(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def test_an_intermediate_of_two_gigabytes_never_exists(program):
    parsed = program(
        "f(x: f32[64, 256], w: f32[256, 32768]) -> y\nv[n, j, k] = x[n, j]*w[j, k]\ny[n, j] = sum[k](v[n, j, k])"
    )
    given = {"x": np.ones((64, 256), np.float32), "w": np.ones((256, 32768), np.float32)}
    found = {}
    assert peak(lambda: found.update(evaluate(parsed, given))) < 256
    assert (found["y"] == 32768).all()


def test_terms_of_one_long_reduction_never_exist_whole(program):
    n = 2**23
    parsed = program(f"f(x: f32[{n}]) -> y\ny = sum[i](exp(x[i]) + x[i]*2)")
    assert peak(lambda: evaluate(parsed, {"x": np.zeros(n, np.float32)})) < 130


def test_convolutional_capsules_in_time(program):
    """The bar is 3 s; this is a quarter of the work."""
    parsed = program(
        "f(P: f32[2, 32, 15, 15, 4, 4], W: f32[32, 32, 3, 3, 4, 4]) -> V\n"
        "V[n, co, y, x, i, j] = sum[ci, ky, kx, k](P[n, ci, 2*y + ky, 2*x + kx, i, k]*W[co, ci, ky, kx, k, j])"
    )
    random = np.random.default_rng(0)
    P = random.integers(-3, 4, (2, 32, 15, 15, 4, 4)).astype(np.float32)
    W = random.integers(-3, 4, (32, 32, 3, 3, 4, 4)).astype(np.float32)
    start = time.perf_counter()
    V = evaluate(parsed, {"P": P, "W": W})["V"]
    assert time.perf_counter() - start < 3 / 4
    y, x = 5, 3
    window = P[1, :, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3].astype(np.float64)
    assert np.array_equal(V[1, :, y, x], np.einsum("cuvik,ocuvkj->oij", window, W.astype(np.float64)))
