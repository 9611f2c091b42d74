# SPDX-License-Identifier: Apache-2.0
"""Bounds for floats of 16 bits: they hold for whoever rounds each operation, and for whoever computes in f32."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import unrut as ur
from unrut.reference import evaluate_with_bounds

HALVES = {"f16": np.dtype(np.float16), "bf16": np.dtype(ml_dtypes.bfloat16)}
CHAINS = {
    "x[i]*y[i] + z[i]": lambda x, y, z: x * y + z,
    "(x[i] + y[i])*(y[i] - z[i])": lambda x, y, z: (x + y) * (y - z),
    "x[i]/y[i] - z[i]/x[i]": lambda x, y, z: x / y - z / x,
    "sqrt(abs(x[i]))*exp(-abs(y[i])) + z[i]**2": lambda x, y, z: np.sqrt(np.abs(x)) * np.exp(-np.abs(y)) + z**2,
    "maximum(x[i]*x[i], y[i]) - reciprocal(1 + abs(z[i]))": lambda x, y, z: (
        np.maximum(x * x, y) - np.reciprocal(np.abs(z) + x.dtype.type(1))
    ),
    "where(x[i] > y[i], x[i]*z[i], y[i]*z[i])*x[i]": lambda x, y, z: np.where(x > y, x * z, y * z) * x,
}


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("chain", CHAINS)
def test_both_ways_of_computing_are_within_the_bound(name, chain):
    random = np.random.default_rng(7)
    arrays = [np.ldexp(random.standard_normal(400), random.integers(-12, 3, 400)).astype(HALVES[name]) for _ in "xyz"]
    text = f"op(x: {name}[400], y: {name}[400], z: {name}[400]) -> w\nw[i] = {chain}"
    found = evaluate_with_bounds(ur.parse(text).program(), dict(zip("xyz", arrays, strict=True)))["w"]
    compute = CHAINS[chain]
    with np.errstate(all="ignore"):
        step_by_step = compute(*arrays)
        at_once = compute(*(a.astype(np.float32) for a in arrays)).astype(HALVES[name])
        reference = ur.parse(text).reference(*arrays)
    assert step_by_step.dtype == HALVES[name]
    for result in (step_by_step, at_once, reference):
        assert found.accepts(result).all()
    wrong = (at_once.astype(np.float32) * (1 + 64 * 2.0 ** -(11 if name == "f16" else 8))).astype(HALVES[name])
    assert not found.accepts(wrong).all()


@pytest.mark.parametrize("name", HALVES)
def test_sums_are_bounded_as_sums_in_f32(name):
    x = np.random.default_rng(8).standard_normal(4000).astype(HALVES[name])
    program = ur.parse(
        f"op(x: {name}[4000]) -> (s, w)\ns = sum[i](abs(x[i]))\nw = sum[i](abs(x[i]), dtype=f32)"
    ).program()
    found = evaluate_with_bounds(program, {"x": x})
    roundoff = 2.0 ** -(11 if name == "f16" else 8)
    assert found["w"].bound < 4000 * 2.0**-24 * float(found["w"].value) * 1.01
    assert found["s"].bound < 2 * roundoff * float(found["s"].value) * 1.1 + 2 * float(found["w"].bound)
    in_16_bits = np.add.accumulate(np.abs(x))[-1]
    assert not found["s"].accepts(in_16_bits)


def test_results_are_arrays_of_their_dtype():
    x = np.array([1.0, 2.0, 3.0], ml_dtypes.bfloat16)
    y = ur.parse("op(x) -> y\ny[i] = x[i]/3").reference(x)
    assert y.dtype == x.dtype
    assert y.tolist() == [0.333984375, 0.66796875, 1.0]
    assert ur.parse("op(x) -> y\ny = x[1]").reference(x).shape == ()
