# SPDX-License-Identifier: Apache-2.0
"""Each op's reference against its textbook formula, and its C against the reference's bounds."""

from __future__ import annotations

import numpy as np
import pytest

from unrut import ops
from unrut.reference import evaluate_with_bounds, textbook


def as_tuple(results):
    return results if isinstance(results, tuple) else (results,)


def bounded(op, arrays, parameters):
    """Wide values with bounds, in the order of the results."""
    program = op.program(*arrays, **parameters)
    scalars = {name: float(value) for name, value in defaults(op.name, parameters).items() if name in program.scalars}
    named = {operand.name: array for operand, array in zip(program.operands, arrays, strict=True)}
    found = evaluate_with_bounds(program, named, scalars)
    return [found[name] for name in program.results]


def defaults(name, parameters):
    given = {
        "em_routing": {"final_lambda": 0.01, "eps": 1e-4},
        "em_routing_overlapping": {"final_lambda": 0.01, "eps": 1e-4},
        "layer_norm": {"eps": 1e-5},
        "histogram": {"low": 0.0, "high": 1.0},
        "graph_attention": {"slope": 0.2},
        "minimal_gated_unit": {"eps": 1e-5},
        "bilateral_filter": {"sigma_s": 2.0, "sigma_r": 0.1},
    }
    return {**given.get(name, {}), **parameters}


def assert_within(results, judged):
    for result, limit in zip(results, judged, strict=True):
        assert np.isfinite(limit.bound).all(), "a vacuous bound judges nothing: choose milder operands"
        accepted = limit.accepts(np.asarray(result))
        apart = np.abs(np.asarray(result) - limit.value) if not accepted.all() else ()
        assert accepted.all(), f"{apart} apart, bounds {limit.bound}"


def in_precision(array, dtype):
    """An operand in f32 or f64, or in pairs of these; places stay integers."""
    if array.dtype.kind not in "fc":
        return array
    return array.astype(np.result_type(dtype, np.complex64) if array.dtype.kind == "c" else dtype)


def test_textbook_and_reference_lie_within_the_bounds(case):
    """The bounds of f32 hold the exact value, so also each formula's result in f64 from the same operands."""
    arrays = case.arrays("float32")
    op = getattr(ops, case.op)
    judged = bounded(op, arrays, case.parameters)
    expected = as_tuple(getattr(textbook, case.op)(*arrays, **case.parameters))
    assert [e.shape for e in expected] == [b.value.shape for b in judged]
    assert_within(expected, judged)
    for dtype in ("float32", "float64"):
        taken = [in_precision(a, dtype) for a in arrays]
        found = as_tuple(op.reference(*taken, **case.parameters))
        assert [f.dtype for f in found] == [in_precision(e, dtype).dtype for e in expected]
        assert_within(found, judged)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_integers_are_exact(exact_case, dtype):
    arrays = exact_case.arrays(dtype)
    found = getattr(ops, exact_case.op).reference(*arrays, **exact_case.parameters)
    expected = getattr(textbook, exact_case.op)(*arrays, **exact_case.parameters)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.compiler
def test_c_lies_within_the_bounds(case):
    arrays = case.arrays("float32")
    op = getattr(ops, case.op)
    results = as_tuple(op(*arrays, **case.parameters))
    assert_within(results, bounded(op, arrays, case.parameters))


@pytest.mark.compiler
def test_c_is_exact_on_integers(exact_case):
    arrays = exact_case.arrays("int64")
    op = getattr(ops, exact_case.op)
    np.testing.assert_array_equal(op(*arrays, **exact_case.parameters), op.reference(*arrays, **exact_case.parameters))
