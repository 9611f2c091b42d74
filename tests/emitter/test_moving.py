# SPDX-License-Identifier: Apache-2.0
"""Tiles that are stored as a whole: turned, past the caches, by plans given by hand; and which plans can't have it."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.emitter.nest import Move
from unrut.emitter.pipeline import compile_program, emit
from unrut.emitter.render.walk import nodes
from unrut.emitter.schedule.plan_text import parse_plan, show
from unrut.errors import PlanError
from unrut.testing.nest_interpreter import run

TURNED = "y[j, i] = x[i, j]"
PRODUCT = "y[i, j] = sum[k](a[k, j]*b[i, k])"
PLANS = [
    (TURNED, "loops j/16 i/16; tile j i; lanes i", []),
    (TURNED, "loops j/16 i/16; tile i j; lanes j; turn i", ["move x[i"]),
    (TURNED, "loops j/16 i/16; tile i j; lanes j; turn i; past caches", ["move past the caches x[i"]),
    (TURNED, "loops j i/16; tile i; lanes i; past caches", ["move past the caches x[i"]),
    ("y[j, i] = x[i, j] + 1", "loops j/16 i/16; tile i j; lanes j; turn i", ["move y_tile"]),
    (PRODUCT, "loops i/4 j/16; tile i j; reduce k; lanes j; past caches", ["move past the caches y_acc["]),
    (PRODUCT, "loops i/16 j/4; tile j i; reduce k; lanes i; turn j; past caches", ["move past the caches y_acc["]),
]


def given(statement):
    names = ["x"] if "x" in statement else ["a", "b"]
    arrays = [np.arange(k, k + 33 * 21, dtype=np.float32).reshape(33, 21) % 8 for k in range(len(names))]
    if "b" in names:
        arrays[1] = np.ascontiguousarray(arrays[1].T)
    header = ", ".join(f"{n}: f32[{a.shape[0]}, {a.shape[1]}]" for n, a in zip(names, arrays, strict=True))
    program = ur.parse(f"t({header}) -> y\n{statement}").program()
    expected = arrays[0].T + ("+ 1" in statement) if "x" in statement else arrays[1] @ arrays[0]
    return program, dict(zip(names, arrays, strict=True)), expected


@pytest.mark.parametrize(("statement", "entry", "moves"), PLANS)
def test_moved_tiles_in_the_nest(statement, entry, moves):
    program, arrays, expected = given(statement)
    plan = parse_plan(f"plan 1 for t\ny: {entry}; share 0")
    assert parse_plan(show(plan)) == plan
    trace = emit(program, plan=plan, stop="nest")
    found = run(trace.nest, arrays, seed=1)["y"]
    np.testing.assert_array_equal(found, expected)
    text = trace.show("nest")
    assert bool(moves) == any(isinstance(n, Move) for kernel in trace.nest.kernels for n in nodes(kernel.body))
    assert all(move in text for move in moves), text


@pytest.mark.compiler
@pytest.mark.parametrize(("statement", "entry", "moves"), PLANS)
def test_moved_tiles_in_c(statement, entry, moves):
    program, arrays, expected = given(statement)
    kernel = compile_program(program, plan=parse_plan(f"plan 1 for t\ny: {entry}; share 0"))
    np.testing.assert_array_equal(kernel(*arrays.values()), expected)
    assert ("ur_fence();" in kernel.show("source")) == ("past" in entry)


@pytest.mark.compiler
def test_what_has_no_address_of_its_own_is_moved_by_elements():
    _, arrays, expected = given(TURNED)
    shifted = np.frombuffer(b"." + arrays["x"].tobytes(), np.uint8)[1:].view(np.float32).reshape(33, 21)
    kernel = (
        ur.parse(f"t(x) -> y\n{TURNED}")
        .bind(shifted)
        .compile("c", plan=parse_plan("plan 1 for t\ny: loops j/16 i/16; tile i j; lanes j; turn i; share 0"))
    )
    np.testing.assert_array_equal(kernel(shifted), expected)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("loops j/16 i; tile j; lanes j; turn i", "`i` of `y` is not left open"),
        ("loops j/16 i/16; tile i j; lanes j; turn j", "can't be moved along `j j`"),
        ("loops j/16 i/16; tile i j; past caches", "can't be moved along ``"),
        ("loops j i; lanes i; past caches", "`i` of `y` is not left open"),
    ],
)
def test_what_is_refused(entry, words):
    program, _, _ = given(TURNED)
    with pytest.raises(PlanError, match=words):
        emit(program, plan=parse_plan(f"plan 1 for t\ny: {entry}; share 0"), stop="plan")


def test_a_tile_has_a_fixed_size():
    program = ur.parse("t(x: f32[n, m]) -> y\ny[j, i] = x[i, j]").program()
    with pytest.raises(PlanError, match="its extent is not fixed"):
        emit(program, plan=parse_plan("plan 1 for t\ny: tile i j; lanes j; turn i; share 0"), stop="plan")
    with pytest.raises(PlanError, match="says nothing"):
        parse_plan("plan 1 for t\ny: past midnight; share 0")


@pytest.mark.compiler
@pytest.mark.parametrize("turn", ["j k", "k", "i j k", "i k", "k i"])
def test_rows_of_several_axes(turn):
    """Those that follow one step are one; loops go over the others."""
    program = ur.parse("t(x: f32[8, 3, 4, 20]) -> y\ny[n, i, j, k] = x[k, i, j, n]").program()
    others = " ".join(axis for axis in "ijk" if axis not in turn)
    plan = parse_plan(f"plan 1 for t\ny: loops n/16; tile {turn} {others} n; lanes n; turn {turn}; share 0")
    x = np.arange(8 * 3 * 4 * 20, dtype=np.float32).reshape(8, 3, 4, 20)
    np.testing.assert_array_equal(compile_program(program, plan=plan)(x), x.transpose(3, 1, 2, 0))
    found = run(emit(program, plan=plan, stop="nest").nest, {"x": x})["y"]
    np.testing.assert_array_equal(found, x.transpose(3, 1, 2, 0))
