# SPDX-License-Identifier: Apache-2.0
"""Chosen plans: one kernel where the design says so, vectors along unit strides, nothing that rounds by the number of cores."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

import unrut as ur
from unrut import ops
from unrut.emitter import emit
from unrut.emitter.layout import Layout
from unrut.emitter.machine import AVX2, AVX512, BASELINE
from unrut.emitter.nest import Space
from unrut.emitter.report import report
from unrut.emitter.schedule.tiling import tiling


def spec(text):
    return ur.spec(text)


def em(**more):
    return ops.em_routing.program(
        spec("f32[4, 32, 14, 14, 4, 4]"),
        spec("f32[4, 32, 14, 14]"),
        spec("f32[32, 32, 3, 3, 4, 4]"),
        spec("f32[32]"),
        spec("f32[32]"),
        stride=2,
        **more,
    )


def planned(program, machine=AVX512, **more):
    return emit(program, machine=machine, stop="nest", **more)


def test_em_routing_is_one_kernel_and_never_holds_the_votes():
    trace = planned(em())
    kernels = [kernel for kernel in trace.plan.kernels() if any(e.computation == "V" for e in kernel)]
    assert len(kernels) == 1
    assert {"mu2", "act"} <= {e.computation for e in kernels[0]}
    costs = report(trace)
    assert costs.scratch < 1 << 20
    votes = 4 * 6 * 6 * 9 * 32 * 32 * 16 * 4
    assert costs.shared < votes // 10
    assert costs.composed > 20 * costs.compulsory


@pytest.mark.parametrize(
    "program",
    [
        lambda: ops.layer_norm.program(spec("f32[4096, 1024]"), spec("f32[1024]"), spec("f32[1024]")),
        lambda: ops.softmax.program(spec("f32[4096, 1024]")),
        lambda: ops.attention.program(*[spec("f32[2, 8, 256, 64]")] * 3),
        lambda: ops.bilateral_filter.program(spec("f32[4, 256, 256]")),
        lambda: ops.dynamic_routing.program(spec("f32[32, 1152, 8]"), spec("f32[1152, 10, 8, 16]")),
    ],
)
def test_row_ops_are_one_kernel_and_store_nothing_between(program):
    trace = planned(program())
    copies = {f"{name}_staged" for name in trace.plan.staged}
    shared = [b for b in trace.nest.buffers if b.space is Space.workspace]
    copies |= {b.name for b in shared if b.shape and math.prod(e.value() for e in b.shape) <= 64}  # tables
    assert len([k for k in trace.plan.kernels() if any(e.computation not in copies for e in k)]) == 1
    assert {b.name for b in trace.nest.buffers if b.space is Space.workspace} <= copies


def test_a_product_keeps_24_vectors_of_accumulators():
    plan = planned(ops.matmul.program(spec("f32[512, 512]"), spec("f32[512, 512]"))).plan
    entry = plan.entry("C")
    last = {loop.axis: loop.block for loop in entry.loops}
    assert plan.merged[-1].of == ("j",)
    assert plan.merged[-1].lanes == 16
    assert last == {"i": 6, "j_vec": 4}
    assert entry.tasks


def test_columns_that_lie_apart_are_packed_and_rows_merged():
    program = ops.conv_caps.program(spec("f32[8, 32, 15, 15, 4, 4]"), spec("f32[32, 32, 3, 3, 4, 4]"), stride=2)
    plan = planned(program).plan
    assert not plan.staged
    assert [(m.computation, m.of, m.lanes) for m in plan.merged] == [("V", tuple("yxi"), 0), ("V", ("co", "j"), 16)]
    assert [(slab.tensor, plan.entry(slab.name).tasks) for slab in plan.slabs] == [("P", 1)]
    assert [(p.name, p.order[0], p.order[-1]) for p in plan.packed] == [("W_packed", "coj", "coj_lane")]
    assert plan.entry("V").share == len(plan.entry("V_tile").loops) == 3


@pytest.mark.parametrize(("rows", "columns"), [(1568, 116), (200, 200), (1152, 128), (588, 68), (64, 64), (197, 263)])
@pytest.mark.parametrize("machine", [AVX512, AVX2])
def test_tiles_of_odd_extents_waste_little(machine, rows, columns):
    lanes = machine.lanes(4)
    found = tiling(rows, -(-columns // lanes), 512, machine)
    padded = -(-columns // lanes) * lanes
    assert found.cycles <= 1.2 * rows * padded / lanes / 2


def test_a_bias_and_an_activation_run_in_the_loops_of_the_product():
    text = "f(x: f32[128, 64], w: f32[64, 96], b: f32[96]) -> y\nh[i, j] = sum[k](x[i, k]*w[k, j])\n"
    plan = planned(ur.parse(text + "y[i, j] = maximum(h[i, j] + b[j], 0.0)").program()).plan
    assert len(plan.kernels()) == 1 + len(plan.packed)
    assert plan.entry("y").share == len(plan.entry("h").loops)


def test_lanes_follow_the_layout():
    program = ur.parse("f(x: f32[64, 64], y: f32[64, 64]) -> z\nz[i, j] = x[i, j] + y[i, j] * x[i, j]").program()
    assert planned(program).plan.entry("z").lanes == "j"
    turned = {name: Layout(strides=(1, 64)) for name in ("x", "y")}
    column = planned(program, layouts=turned).plan.entry("z")
    assert column.lanes == "i"


@pytest.mark.parametrize("machine", [AVX512, AVX2, BASELINE])
def test_cores_change_tasks_and_nothing_that_rounds(machine):
    program = ops.attention.program(*[spec("f32[2, 8, 64, 64]")] * 3)
    few, many = (planned(program, replace(machine, cores=cores)).plan for cores in (1, 8))
    strip = lambda plan: [(e.reduce, e.lanes) for e in plan.entries]  # noqa: E731
    assert strip(few) == strip(many)


def test_every_decision_has_a_reason():
    trace = planned(em())
    assert all(entry.reasons for entry in trace.plan.entries)
    assert any("inlined" in reason or "stored" in reason for reason in trace.plan.reasons)


def test_the_report_counts_bytes():
    costs = report(planned(ops.matmul.program(spec("f32[8, 16]"), spec("f32[16, 4]"))))
    assert costs.operations == 2 * 8 * 16 * 4
    assert costs.compulsory == 4 * (8 * 16 + 16 * 4 + 8 * 4)
    assert costs.composed == costs.compulsory + 2 * 4 * 8 * 16 * 4
    assert "compulsory" in costs.show()


def test_the_report_names_sizes_that_it_assumes():
    program = ur.parse("f(x: f32[n, 4]) -> z\nz[i] = sum[j](x[i, j])").program()
    trace = planned(program)
    assert report(trace).assumed == ("n",)
    assert report(trace, {"n": 10}).compulsory == 4 * (40 + 10)
    assert "n = 128" in report(trace).show()
