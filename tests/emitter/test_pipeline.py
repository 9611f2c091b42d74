# SPDX-License-Identifier: Apache-2.0
"""The journey as a whole: what each stage hands over, what a Nest may not be, what a processor's description gives."""

from __future__ import annotations

from dataclasses import replace

import pytest

import unrut as ur
from unrut.emitter import emit
from unrut.emitter.build.cpu import Cpu
from unrut.emitter.machine import AVX2, AVX512, NEON, described
from unrut.emitter.nest import Declare, Loop, LoopKind, Store
from unrut.emitter.nest_verify import verify
from unrut.emitter.pipeline import STAGES
from unrut.emitter.schedule.plain import plain
from unrut.emitter.schedule.plan_text import parse_plan
from unrut.errors import BindError, InternalError, PlanError
from unrut.program.nodes import AxisValue, Const
from unrut.program.types import DType

TEXT = "f(x: f32[6, 8]) -> z\nm[i] = sum[j](x[i, j])\nz[i, j] = x[i, j] - m[i]"


def program():
    return ur.parse(TEXT).program()


def test_every_stage_has_a_text():
    trace = emit(program())
    assert all(trace.show(stage).strip() for stage in STAGES)
    with pytest.raises(BindError, match="no stage `loops`"):
        trace.show("loops")


def test_the_journey_stops_where_it_is_told():
    trace = emit(program(), stop="plan")
    assert trace.plan is not None
    assert trace.nest is None
    assert trace.source is None


def test_a_given_plan_is_used_and_checked():
    trace = emit(program(), stop="nest")
    assert emit(program(), plan=plain(trace.graph), stop="nest").nest != trace.nest
    wrong = parse_plan("plan 1 for f\nm: loops i; reduce j; tasks 1\nz: loops j i; share 1")
    with pytest.raises(PlanError):
        emit(program(), plan=wrong)


def first_loop(nodes):
    return next(node for node in nodes if isinstance(node, Loop))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda k: replace(k, body=(*k.body, Declare(buffer=k.body[0].buffer))), "declared twice"),
        (lambda k: replace(k, body=(replace(first_loop(k.body), axis=k.tasks[0].axis),)), "bound twice"),
        (lambda k: replace(k, tasks=()), "no loop over i"),
        (
            lambda k: replace(k, body=(Store(buffer="x", subscripts=(), value=Const(value=0.0, dtype=DType.f32)),)),
            "writes x",
        ),
        (
            lambda k: replace(k, body=(Store(buffer="z", subscripts=(), value=Const(value=0.0, dtype=DType.f32)),)),
            "0 subscripts",
        ),
        (
            lambda k: replace(k, body=(replace(first_loop(k.body), kind=LoopKind.unrolled, stop=AxisValue(axis="i")),)),
            "no fixed bounds|not declared|no buffer",
        ),
    ],
)
def test_a_planted_fault_of_a_nest_is_found(fault, message):
    plan = parse_plan("plan 1 for f\nm: loops i; reduce j; tasks 1\nz: loops i j; lanes j; share 1")
    nest = emit(program(), plan=plan, stop="nest").nest
    verify(nest)
    [kernel] = nest.kernels
    with pytest.raises(InternalError, match=message):
        verify(replace(nest, kernels=(fault(kernel),)))


def test_a_processor_becomes_a_machine():
    cpu = Cpu(
        architecture="x86_64",
        model="",
        features=("avx2", "avx512f"),
        threads=8,
        cores=4,
        line=64,
        l1=48 << 10,
        l2=None,
        l3=None,
    )
    assert described(cpu) == replace(AVX512, l1=48 << 10, cores=4)
    assert described(replace(cpu, features=("avx2",))).vector == AVX2.vector
    assert described(replace(cpu, architecture="aarch64")).name == NEON.name
