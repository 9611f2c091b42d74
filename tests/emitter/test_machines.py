# SPDX-License-Identifier: Apache-2.0
"""Analytic plans are legal for every machine: library ops at real sizes, and random programs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from unrut import ops
from unrut.emitter import emit, pipeline
from unrut.emitter.machine import AVX2, AVX512, BASELINE, NEON
from unrut.emitter.pipeline import PLAINEST
from unrut.emitter.schedule.plan import Plan
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.testing.machines import MACHINES, NARROW, TINY
from unrut.testing.programs import programs

SPECS = Path(__file__).resolve().parents[1] / "commands" / "op_specs.py"
_found = importlib.util.spec_from_file_location("op_specs", SPECS)
assert _found is not None
assert _found.loader is not None
op_specs = importlib.util.module_from_spec(_found)
_found.loader.exec_module(op_specs)


def refused(plan: Plan | None) -> str:
    """Why the analytic plan was not used, if it was not."""
    assert plan is not None
    return next((reason for reason in plan.reasons if reason.startswith(PLAINEST)), "")


@pytest.mark.parametrize("name", op_specs.LARGE)
def test_large_ops_on_every_machine(name):
    specs, options = op_specs.LARGE[name]
    program = getattr(ops, name).program(*specs, **options)
    for machine in (AVX512, AVX2, BASELINE, NEON, TINY, NARROW):
        assert not refused(emit(program, machine=machine, stop="nest").plan), machine


@given(sample=programs(exact=True), machine=st.sampled_from(MACHINES))
def test_random_programs_on_every_machine(sample, machine):
    note(f"{sample.text}\nfor {machine}")
    assert not refused(emit(elaborate(parse(sample.text)), machine=machine, stop="plan").plan)


def test_what_is_chosen_wrongly_is_replaced_and_told(monkeypatch):
    program = ops.matmul.program("f32[8, 8]", "f32[8, 8]")
    monkeypatch.setattr(pipeline, "choose", lambda *_: Plan(program="matmul", inlined=(), entries=()))
    trace = emit(program)
    assert "not legal" in refused(trace.plan)
    assert trace.source is not None
