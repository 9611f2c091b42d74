# SPDX-License-Identifier: Apache-2.0
"""Predicted times, against counts by hand and against each other; how near they are to clocks is for the bench."""

from __future__ import annotations

from dataclasses import replace

import pytest

import unrut as ur
from unrut.emitter import emit
from unrut.emitter.machine import AVX512
from unrut.emitter.rates import Rates
from unrut.emitter.schedule.apply import applied
from unrut.emitter.schedule.costs import Strides
from unrut.emitter.schedule.plan_text import parse_plan
from unrut.emitter.schedule.predict import floor, predict

RATES = Rates(vectors=1e9, memory=1e9, together=1.5e9, near=1e12, cached=1 << 20, start=1e-6)


def prediction(text, plan=None):
    trace = emit(ur.parse(text).program(), machine=AVX512, plan=plan and parse_plan(plan), stop="plan")
    flat = applied(trace.graph, trace.plan)
    return trace.graph, predict(flat, trace.plan, Strides(flat, trace.layouts), AVX512)


@pytest.mark.parametrize(
    ("text", "vectors"),
    [
        ("f(A: f32[48, 64], B: f32[64, 64]) -> C\nC[i, j] = sum[k](A[i, k] * B[k, j])", 48 * 64 * 64 / 16),
        ("f(A: f64[48, 64], B: f64[64, 64]) -> C\nC[i, j] = sum[k](A[i, k] * B[k, j])", 48 * 64 * 64 / 8),
        ("f(A: f32[48, 64], B: f32[64, 64]) -> C\nC[i, j] = max[k](A[i, k] + B[k, j])", 2 * 48 * 64 * 64 / 16),
        ("f(x: f32[1600]) -> y\ny[i] = (x[i] - 1) * (x[i] - 1)", 2 * 100),
        ("f(x: f32[1600], z: f32[1600]) -> y\ny[i] = x[i] * z[i] + 1", 1 * 100),
        ("f(x: f32[1600]) -> y\ny[i] = exp(x[i])", 16 * 100),
    ],
)
def test_arithmetic_of_the_floor(text, vectors):
    graph, _ = prediction(text)
    assert floor(graph, AVX512, replace(RATES, near=1e15), 1) == pytest.approx(vectors / RATES.vectors)


def test_a_full_register_tile_is_near_its_floor():
    graph, found = prediction("f(A: f32[96, 256], B: f32[256, 64]) -> C\nC[i, j] = sum[k](A[i, k] * B[k, j])")
    assert 1.0 <= found.seconds(1, RATES) / floor(graph, AVX512, RATES, 1) < 1.35


def test_bytes_beyond_the_cache_cost_bandwidth():
    many = 1 << 22
    graph, found = prediction(f"f(x: f32[{many}]) -> y\ny[i] = x[i] * 2")
    (kernel,) = found.kernels
    assert kernel.bytes == 4 * many * 3  # read, and written, which reads first
    assert found.seconds(1, RATES) == pytest.approx(kernel.bytes / RATES.memory)
    assert found.seconds(2, RATES) == pytest.approx(kernel.bytes / RATES.together + RATES.start)
    assert floor(graph, AVX512, RATES, 1) == pytest.approx(4 * many * 2 / RATES.memory)


def test_scalars_and_lone_accumulators_are_slower():
    text = "f(x: f32[64, 4096]) -> y\ny[i] = sum[k](x[i, k])"
    four, one, none = (
        prediction(text, f"plan 1 for f\ny: loops i; reduce {reduce}; share 0")[1].kernels[0].arithmetic(1, RATES)
        for reduce in ("k/64; lanes k", "k/16; lanes k", "k")
    )
    assert four < one < none


def test_tasks_limit_the_threads_that_help():
    text = "f(x: f32[3, 5000]) -> y\ny[i, j] = exp(exp(x[i, j]))"
    _, found = prediction(text, "plan 1 for f\ny: loops i j; tasks 1; lanes j")
    (kernel,) = found.kernels
    assert (kernel.used(2), kernel.used(8)) == (2, 3)
    assert kernel.arithmetic(8, RATES) == pytest.approx(kernel.arithmetic(1, RATES) / 3)
