# SPDX-License-Identifier: Apache-2.0
"""Floors against numbers counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from bench.floors.floor import Floor, floor_of
from bench.machine.rates import Rates
from unrut import ops


def floor(op, *specs: str, **options) -> Floor:
    return floor_of(op.bind(*map(ur.spec, specs), **options).program)


def text_floor(text: str, **arrays: np.ndarray) -> Floor:
    return floor_of(ur.parse(text).program(), {}, arrays)


def counts(found: Floor, *kinds: str) -> tuple[float, ...]:
    return tuple(found.work[kind] for kind in kinds)


def test_a_matrix_product():
    found = floor(ops.matmul, "f32[64, 32]", "f32[32, 16]")
    assert found.work == {"fma_f32": 64 * 32 * 16}
    assert (found.read, found.written, found.chain) == (4 * (64 * 32 + 32 * 16), 4 * 64 * 16, 0)


def test_strided_windows_read_what_they_reach():
    found = floor(ops.conv_caps, "f32[2, 3, 16, 15, 4, 4]", "f32[5, 3, 3, 3, 4, 4]", stride=2)
    assert found.work == {"fma_f32": 2 * 5 * 7 * 7 * 16 * 3 * 9 * 4}
    assert found.read == 4 * (2 * 3 * 15 * 15 * 16 + 5 * 3 * 9 * 16)  # the last of 16 rows is in no window


def test_residue_classes_are_counted():
    found = floor(ops.transposed_conv2d, "f32[4, 32, 28, 28]", "f32[32, 16, 4, 4]", stride=2, padding=1)
    assert found.work == {"fma_f32": 4 * 16 * 56 * 56 * 32 * (2 * 2)}


def test_of_a_causal_half_both_products_count():
    found = floor(ops.causal_attention, "f32[1, 2, 20, 8]", "f32[1, 2, 20, 8]", "f32[1, 2, 20, 8]")
    half = 2 * 20 * 21 // 2
    assert counts(found, "fma_f32") == (2 * half * 8,)
    assert counts(found, "exp_f32", "log_f32") == (2 * half, 2 * 20)


def test_windows_at_an_edge_are_counted():
    found = floor(ops.window_attention, *["f32[1, 1, 6, 6, 4]"] * 3, "f32[1, 3, 3]")
    inside = (3 * 6 - 2) ** 2
    assert counts(found, "fma_f32") == (2 * inside * 4,)


def test_what_depends_on_fewer_axes_is_computed_less_often():
    found = text_floor("op(x: f32[10], w: f32[5]) -> y\naxis k: 5\ny[i] = sum[k](exp(x[i + k])*w[k])\naxis i: 6\n")
    assert found.work == {"fma_f32": 6 * 5, "exp_f32": 10}


def test_equal_parts_of_a_statement_count_once():
    found = text_floor("op(x: f32[10]) -> y\ny[i] = exp(x[i])*exp(x[i])\n")
    assert found.work == {"mul_f32": 10, "exp_f32": 10}


def test_a_division_by_what_changes_slowly_is_a_multiplication():
    found = text_floor("op(x: f32[10, 7], s: f32[10]) -> y\ny[i, j] = x[i, j]/s[i]\n")
    assert found.work == {"mul_f32": 70, "divide_f32": 10}


def test_three_factors_take_the_cheapest_order():
    text = "op(A: f32[20, 30], B: f32[30, 40], C: f32[40, 5]) -> D\nD[i, l] = sum[j, k](A[i, j]*B[j, k]*C[k, l])\n"
    assert text_floor(text).work == {"fma_f32": 30 * 40 * 5 + 20 * 30 * 5}


def test_complex_products_count_in_their_parts():
    found = floor(ops.two_qubit_gate, "c128[2, 2, 2, 2, 8]", "c128[2, 2, 2, 2]")
    assert found.work == {"fma_f64": 128 * 4 * 4}
    assert found.read == 16 * (128 + 16)


def test_ranges_by_data_are_as_long_as_the_data_say():
    text = "op(x: f32[100, 3], p: i64[5]) -> y\naxis e: p[i] .. p[i + 1]\ny[i, f] = sum[e](x[e, f])\n"
    found = text_floor(text, p=np.array([0, 10, 10, 30, 40]))
    assert found.work == {"add_f32": 40 * 3}


def test_gathered_rows_are_read_once_each():
    text = "op(E: f32[50, 8], w: i64[9]) -> y\ny[e, d] = 2*E[w[e], d]\n"
    assert text_floor(text).read == 4 * 9 * 8 + 8 * 9


def test_one_place_of_each_row_is_one_element_a_row():
    text = "op(E: f32[50, 80], w: i64[50]) -> y\ny[i] = 2*E[i, w[i]]\n"
    assert text_floor(text).read == 4 * 50 + 8 * 50


def test_conditions_on_data_count_half_of_each_branch():
    found = text_floor("op(x: f32[10]) -> y\ny[i] = where(x[i] > 0, exp(x[i]), sqrt(x[i]))\n")
    assert found.work == {"max_f32": 20, "exp_f32": 5, "sqrt_f32": 5}


def test_a_recurrence_waits_for_itself():
    found = text_floor("op(x: f32[100, 7]) -> h\nh[t, b] = 0.5*h[t - 1, b] + x[t, b]\nh[-1, b] = 0\n")
    assert found.work == {"fma_f32": 700}
    assert 100 * 2 <= found.chain <= 100 * 3


def test_unused_statements_cost_nothing():
    found = text_floor("op(x: f32[10]) -> y\nz[i] = exp(x[i])\ny[i] = x[i] + 1\n")
    assert found.work == {"add_f32": 10}


@pytest.fixture
def rates() -> Rates:
    """A machine of round numbers."""
    kinds = "fma add max divide sqrt".split()
    operations = {f"{kind}_{dtype}": 1e9 for kind in kinds for dtype in ("f32", "f64", "i32", "i64")}
    level = {"read": 1e9, "write": 5e8, "copy": 1e9}
    return Rates(
        threads=1, operations=operations, mixtures={"fma_add": 0.5, "add_max": 1.0}, latency=1e-9,
        bytes=dict.fromkeys(("L1", "L2", "L3", "memory"), level), pages={}, rows={},
        capacities={"L1": 1 << 10, "L2": 1 << 20, "L3": 1 << 30}, fork_join=0.0, special={"exp_f32": 1e-6},
    )  # fmt: skip


def test_seconds_are_those_of_what_takes_longest(rates):
    found = text_floor("op(x: f32[1000]) -> y\ny[i] = 3*x[i] + 1\n")
    assert found.memory(rates) == pytest.approx(8e-6)  # 4000 bytes in and 4000 out
    assert found.compute(rates) == pytest.approx(1e-6)
    assert found.seconds(rates, special=True) == pytest.approx(8e-6)
    assert found.limit(rates, special=False) == "memory"


def test_elementary_functions_come_on_top(rates):
    found = text_floor("op(x: f32[1000]) -> y\ny[i] = exp(x[i])\n")
    assert found.seconds(rates, special=True) == pytest.approx(1e-3)
    assert found.seconds(rates, special=False) == pytest.approx(8e-6)


def test_kinds_that_wait_for_each_other_add_up(rates):
    found = text_floor("op(x: f32[1000], z: f32[1000], w: f32[1000]) -> y\ny[i] = maximum(x[i] + z[i], w[i])\n")
    assert found.compute(rates) == pytest.approx(2e-6)
