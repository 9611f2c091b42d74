# SPDX-License-Identifier: Apache-2.0
"""Computed places stand before the loops over lanes, and far rows are asked for before they are used."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

import unrut as ur
from unrut.emitter.machine import AVX512
from unrut.emitter.nest import Fetch, Loop, LoopKind
from unrut.emitter.pipeline import emit
from unrut.emitter.render.walk import nodes
from unrut.emitter.schedule.plan_text import parse_plan
from unrut.emitter.schedule.plan_text import show as show_plan
from unrut.program.nodes import Read
from unrut.program.walk import subexpressions
from unrut.testing.nest_interpreter import run

BAG = """bag(E, w, o) -> Y
Y[b, d] = sum[e](E[w[e], d])
axis e: w.shape[0], o[b] .. o[b + 1]
"""
SPECS = ("f32[{v}, 64]", "i64[{n}]", "i64[{m}]")


def traced(v: int = 100_000, n: int = 1_000_000, m: int = 10_001, **given: object):
    program = ur.parse(BAG).program(*(spec.format(v=v, n=n, m=m) for spec in SPECS))
    return emit(program, machine=AVX512, stop="nest", **given)


def test_rows_of_a_large_table_are_fetched_ahead():
    trace = traced()
    entry = trace.plan.entry("Y")
    assert entry.ahead == 32
    assert any("rows ahead" in reason for reason in entry.reasons)
    assert parse_plan(show_plan(trace.plan)) == trace.plan
    fetched = [node for kernel in trace.nest.kernels for node in nodes(kernel.body) if isinstance(node, Fetch)]
    assert [node.buffer for node in fetched] == ["E"]
    assert all(entry.ahead == 0 for entry in traced(v=100).plan.entries)


def test_a_place_is_found_once_for_all_lanes():
    loops = [node for kernel in traced().nest.kernels for node in nodes(kernel.body) if isinstance(node, Loop)]
    rows = [e for loop in loops if loop.kind is LoopKind.vector for node in nodes(loop.body) for e in reads_of(node)]
    assert rows
    assert all(not place.subscripts for read in rows for place in read.subscripts if isinstance(place, Read))


def reads_of(node: object) -> list[Read]:
    value = getattr(node, "value", None)
    return [] if value is None else [e for e in subexpressions(value) if isinstance(e, Read) and e.tensor == "E"]


@pytest.mark.parametrize("ahead", [0, 1, 3, 1000])
def test_what_is_fetched_lies_inside_and_changes_nothing(ahead):
    """Bags of every length, also at the ends of the list and of the table."""
    random = np.random.default_rng(2)
    offsets = np.array([0, 0, 1, 7, 7, 11, 12])
    table = random.integers(-9, 9, (5, 64)).astype(np.float32)
    words = np.array([4, 0, 4, 4, 1, 2, 0, 0, 3, 4, 4, 4])
    trace = traced(v=5, n=12, m=7)
    entries = tuple(dataclasses.replace(e, ahead=ahead if e.computation == "Y" else 0) for e in trace.plan.entries)
    trace = traced(v=5, n=12, m=7, plan=dataclasses.replace(trace.plan, entries=entries))
    found = run(trace.nest, {"E": table, "w": words, "o": offsets})["Y"]
    wanted = [table[words[a:b]].sum(0) for a, b in itertools.pairwise(offsets)]
    assert np.array_equal(found, np.array(wanted))
    some = any(isinstance(node, Fetch) for kernel in trace.nest.kernels for node in nodes(kernel.body))
    assert some == (ahead > 0)


ROWS = """spread(x) -> y
m[n] = sum[c](x[n, c])
y[n] = sum[c]((x[n, c] - m[n])**2)
"""


def test_the_last_pass_over_a_row_asks_for_the_next_row():
    trace = emit(ur.parse(ROWS).program("f32[4096, 1024]"), machine=AVX512, stop="nest")
    looking = {entry.computation: entry.ahead for entry in trace.plan.entries if entry.ahead}
    assert list(looking.values()) == [1]
    assert "y" in next(iter(looking))
    fetched = [node for kernel in trace.nest.kernels for node in nodes(kernel.body) if isinstance(node, Fetch)]
    assert [node.buffer for node in fetched] == ["x"]
    small = emit(ur.parse(ROWS).program("f32[16, 1024]"), machine=AVX512, stop="plan")
    assert all(entry.ahead == 0 for entry in small.plan.entries)


@pytest.mark.parametrize("rows", ["5", "n"])
@pytest.mark.parametrize("ahead", [1, 4, 100])
def test_rows_to_come_lie_inside_and_change_nothing(ahead, rows):
    program = ur.parse(ROWS).program(f"f32[{rows}, 150]")
    plan = emit(program, machine=AVX512, stop="plan").plan
    entries = tuple(dataclasses.replace(e, ahead=ahead if e.reduce else 0) for e in plan.entries)
    trace = emit(program, machine=AVX512, stop="nest", plan=dataclasses.replace(plan, entries=entries))
    assert any(isinstance(node, Fetch) for kernel in trace.nest.kernels for node in nodes(kernel.body))
    x = np.random.default_rng(4).integers(-3, 4, (5, 150)).astype(np.float32)
    assert np.array_equal(run(trace.nest, {"x": x})["y"], ((x - x.sum(1, keepdims=True)) ** 2).sum(1))
