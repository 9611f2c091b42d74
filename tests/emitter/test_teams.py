# SPDX-License-Identifier: Apache-2.0
"""Which work is worth a team of threads: told by the plan where sizes are fixed, by the sizes of a call elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import unrut as ur
from unrut.emitter import emit
from unrut.emitter.machine import AVX512
from unrut.emitter.nest import TEAM
from unrut.emitter.schedule.plan_text import parse_plan, show
from unrut.program.extents import evaluate
from unrut.testing.teams import emit_eager

PRODUCT = "f(A: f32[{n}, {k}], B: f32[{k}, {m}]) -> C\nC[i, j] = sum[k](A[i, k] * B[k, j])\n"
ROWS = "g(x: f32[{n}, {m}]) -> y\ny[i] = sum[j](exp(x[i, j]))\n"
SEGMENTS = "s(x: f32[{n}], p: i64[{m}]) -> y\naxis e: p[i] .. p[i + 1]\ny[i] = sum[e](x[e])\n"


def traced(text, **sizes):
    return emit(ur.parse(text.format(**sizes)).program(), machine=AVX512)


@pytest.mark.parametrize(
    ("text", "sizes", "worth"),
    [
        (PRODUCT, {"n": 64, "k": 64, "m": 64}, False),
        (PRODUCT, {"n": 512, "k": 512, "m": 512}, True),
        (PRODUCT, {"n": 1000, "k": 1, "m": 10}, False),
        (ROWS, {"n": 8, "m": 100}, False),
        (ROWS, {"n": 1000, "m": 1000}, True),
        ("h(x: f32[{n}]) -> y\ny[i] = x[i] + 1\n", {"n": 1000}, False),
        ("h(x: f32[{n}]) -> y\ny[i] = x[i] + 1\n", {"n": 10_000_000}, True),
    ],
)
def test_fixed_sizes_decide_in_the_plan(text, sizes, worth):
    trace = traced(text, **sizes)
    assert [bool(kernel.tasks) for kernel in trace.nest.kernels] == [worth]
    assert all(kernel.work is None for kernel in trace.nest.kernels)
    said = [reason for entry in trace.plan.entries for reason in entry.reasons if "one thread" in reason]
    assert not (said and worth)


@pytest.mark.parametrize("text", [PRODUCT, ROWS])
def test_run_time_sizes_decide_at_the_call(text):
    (kernel,) = traced(text, n="n", k="k", m="m").nest.kernels
    assert kernel.tasks
    assert evaluate(kernel.work, {"n": 20, "k": 20, "m": 20}) < TEAM
    assert evaluate(kernel.work, {"n": 1000, "k": 1000, "m": 1000}) > TEAM
    assert evaluate(kernel.work, {"n": 0, "k": 1000, "m": 1000}) == 0


def test_ranges_by_data_are_as_long_in_all_as_what_they_cut():
    kernel = traced(SEGMENTS, n="n", m="m").nest.kernels[-1]
    few = evaluate(kernel.work, {"n": 1000, "m": 100})
    assert few < TEAM, "not a thousand for each of a hundred"
    assert evaluate(kernel.work, {"n": 10**7, "m": 100}) > TEAM
    assert evaluate(kernel.work, {"n": 0, "m": 10**7}) > TEAM


def test_prices_are_part_of_a_plan():
    trace = traced(PRODUCT, n="n", k="k", m="m")
    assert "price" in show(trace.plan)
    assert parse_plan(show(trace.plan)) == trace.plan
    assert "team if" in trace.show("nest")
    assert "< 20000000" in trace.source.code
    eager = emit_eager(trace.program)
    assert "20000000" not in eager.source.code
    assert all(kernel.work is None for kernel in eager.nest.kernels)


COUNT = """
import os, sys
import numpy as np, unrut as ur
def count(): return len(os.listdir("/proc/self/task"))
f = ur.parse(sys.argv[1]).bind().compile("c")
def call(n):
    a = np.ones((n, n), np.float32)
    f(a, a, threads=4)
before = count(); call(20); small = count() - before; call(600); print(small, count() - before)
"""


@pytest.mark.compiler
@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="nobody tells how many threads there are")
def test_little_work_wakes_nobody():
    text = PRODUCT.format(n="n", k="k", m="m")
    found = subprocess.run([sys.executable, "-c", COUNT, text], check=True, capture_output=True, text=True).stdout
    assert found.split() == ["0", "3"]
