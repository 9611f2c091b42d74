# SPDX-License-Identifier: Apache-2.0
"""Reads at computed places: valid ones give the reference's values, invalid ones are reported wherever they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.emitter import emit
from unrut.emitter.graph.computation import Graph
from unrut.reference import evaluate
from unrut.testing.nest_interpreter import run


def i32(*values):
    return np.array(values, np.int32)


def f32(*values):
    return np.array(values, np.float32)


def outcome(compute):
    """Results by name, or None where a place was invalid."""
    try:
        return compute()
    except ur.RangeError:
        return None


ROWS = f32(1, 2, 3, 4, 5, 6).reshape(3, 2)
CASES = {
    "rows": ("y[b, d] = E[idx[b], d]", {"E": ROWS, "idx": i32(2, 0, 2)}, True),
    "beyond": ("y[b, d] = E[idx[b], d]", {"E": ROWS, "idx": i32(2, 3, 2)}, False),
    "before": ("y[b, d] = E[idx[b], d]", {"E": ROWS, "idx": i32(2, 0, -1)}, False),
    "nobody asks": ("y[b, d] = E[idx[b], d]", {"E": ROWS[:, :0], "idx": i32(2, 3, 2)}, True),
    "no row": ("y[b, d] = E[idx[b], d]", {"E": ROWS[:0], "idx": i32(0)}, False),
    "no row and no place": ("y[b, d] = E[idx[b], d]", {"E": ROWS[:0], "idx": i32()}, True),
    "places of places": ("y[i] = x[p[q[i]]]", {"x": f32(1, 2, 3), "p": i32(2, 1, 0), "q": i32(0, 0, 2)}, True),
    "inner place": ("y[i] = x[p[q[i]]]", {"x": f32(1, 2, 3), "p": i32(2, 1, 0), "q": i32(0, 3, 2)}, False),
    "outer place": ("y[i] = x[p[q[i]]]", {"x": f32(1, 2, 3), "p": i32(2, 7, 0), "q": i32(0, 1, 2)}, False),
    "outer place unread": ("y[i] = x[p[q[i]]]", {"x": f32(1, 2, 3), "p": i32(2, 7, 0), "q": i32(0, 0, 2)}, True),
    "guarded": ("y[i] = where(p[i] < 3, x[p[i]], 0)", {"x": f32(1, 2, 3), "p": i32(2, 7, 0)}, True),
    "guarded on one side": ("y[i] = where(p[i] < 3, x[p[i]], 0)", {"x": f32(1, 2, 3), "p": i32(2, -7, 0)}, False),
    "terms left out": ("y = sum[i](x[p[i]], where=p[i] < 3)", {"x": f32(1, 2, 3), "p": i32(2, 7, 0)}, True),
    "a term": ("y = sum[i](x[p[i]], where=p[i] < 9)", {"x": f32(1, 2, 3), "p": i32(2, 7, 0)}, False),
    "in a lazy sum": (
        "y[k] = where(k > 5, sum[i](x[p[i]]), 1.0)\naxis k: 3",
        {"x": f32(1, 2, 3), "p": i32(2, 7, 0)},
        True,
    ),
    "a line nobody asks for": (
        "y[i] = where(i < 0, softmax(x[p[i]], along=i), 0.0)",
        {"x": f32(1, 2, 3), "p": i32(2, 7, 0)},
        True,
    ),
    "a line that one place asks for": (
        "y[i] = where(p[i] == 0, softmax(x[p[i]], along=i), 0.0)",
        {"x": f32(1, 2, 3), "p": i32(2, 7, 0)},
        False,
    ),
    "products of axes": ("y[i, j] = x[i*j]\naxis i: 2\naxis j: 3", {"x": f32(1, 2, 3)}, True),
    "products of axes beyond": ("y[i, j] = x[i*j]\naxis i: 3\naxis j: 3", {"x": f32(1, 2, 3)}, False),
    "wrapping": ("y[i] = x[p[i]*2147483647]", {"x": f32(1, 2, 3), "p": i32(0, -2147483648, 2)}, False),
    "a policy": ('y[i] = x.outside("reflect")[p[i]]', {"x": f32(1, 2, 3), "p": i32(-2147483648, 9, 2)}, True),
    "a value": ("y[i] = x.outside(p[i])[p[i]]", {"x": i32(1, 2, 3), "p": i32(-2147483648, 9, 2)}, True),
    "argmax": ("y[i] = z[argmax[j](x[i, j])]", {"z": f32(1, 2), "x": ROWS}, True),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("sizes", ["numbers", "names"])
def test_reference_and_nest_agree(name, sizes):
    statements, arrays, valid = CASES[name]
    specs = dict(arrays)
    if sizes == "names":
        specs = {
            n: f"{ur.arrays.array_spec(a, n).dtype}[{', '.join(f'{n}{d}' for d in range(a.ndim))}]"
            for n, a in arrays.items()
        }
    program = ur.parse(f"op({', '.join(arrays)}) -> y\n{statements}").program(*specs.values())
    want = outcome(lambda: evaluate(program, arrays))
    got = outcome(lambda: run(emit(program).nest, arrays))
    assert (want is not None) is valid
    assert (got is not None) is valid
    if valid:
        np.testing.assert_array_equal(got["y"], want["y"])


def graph(statements, *specs) -> Graph:
    names = "xpq"[: len(specs)]
    return emit(ur.parse(f"op({', '.join(names)}) -> y\n{statements}").program(*specs), stop="graph").graph


@pytest.mark.parametrize(
    "statements",
    [
        "y[i] = x[p[i] % 5]",
        "y[i] = x[minimum(maximum(p[i], 0), 4)]",
        "y[i] = x[argmax[j](x[j])] + i\naxis i: 3",
        "y[i] = x[cast(p[i] > 2, i64) + 3]",
        "y[i] = x[k[i]]\nk[i] = p[i] % 4 + 1",
        "y[i] = x[count[j](p[j] > i)]\naxis i: 3",
        "y[i] = x[maximum(i - 1, 0)]\naxis i: 5",
        "y[i] = x[max[j](p[j] % 5, where=j > i, initial=2)]\naxis i: 3",
        "y[i] = x[min[j](p[j] % 3 + 1, where=j > i, initial=4)]\naxis i: 3",
        "y[i] = x[sum[j](p[j] % 2, where=j > i)]\naxis i: 3",
    ],
)
def test_ranges_prove_places(statements):
    assert not graph(statements, "f32[5]", "i64[4]").checks


@pytest.mark.parametrize(
    "statements",
    [
        "y[i] = x[p[i] % 6]",
        "y[i] = x[(p[i] % 5)*4611686018427387904*4]",
        "y[i] = x[max[j](p[j] % 5, where=j > i, initial=5)]\naxis i: 3",
        "y[i] = x[min[j](p[j] % 5, where=j > i, initial=-1)]\naxis i: 3",
        "y[i] = x[max[j](p[j] % 6, where=j > i, initial=2)]\naxis i: 3",
        "y[i] = x[sum[j](p[j] % 3, where=j > i)]\naxis i: 3",
    ],
)
def test_what_is_not_proved_is_checked(statements):
    assert len(graph(statements, "f32[5]", "i64[4]").checks) == 1


def test_one_place_is_checked_once():
    assert len(graph("y[i] = x[p[i]] + x[p[i]]*2", "f32[5]", "i64[4]").checks) == 1


def test_a_check_reads_the_places_alone():
    found = graph("y[i, j] = x[p[i], j]*2", "f32[5, 9]", "i64[100000]")
    checking = [c for c in found.computations if c.name != "y"]
    assert {r.tensor for c in checking for r in c.reads()} <= {"p", *(c.name for c in checking)}
    assert checking[0].axes, "a long check is shared out"


@pytest.mark.compiler
@pytest.mark.parametrize("name", ["rows", "beyond", "no row", "outer place", "guarded", "wrapping", "a value"])
def test_kernels_report(name):
    statements, arrays, valid = CASES[name]
    op = ur.parse(f"op({', '.join(arrays)}) -> y\n{statements}")
    if valid:
        np.testing.assert_array_equal(op(*arrays.values()), op.reference(*arrays.values()))
        return
    with pytest.raises(ur.RangeError, match="leads outside of") as found:
        op(*arrays.values())
    assert found.value.places
    assert "outside" in found.value.remedy


@pytest.mark.compiler
def test_the_header_names_the_code():
    kernel = ur.parse("op(x, p) -> y\ny[i] = x[p[i]]").bind("f32[n]", "i64[m]").compile()
    assert "op_x_outside = 3," in kernel.header()
    assert "//   3  unless 0 <= p[i] < n in x[p[i]]" in kernel.header()


def test_small_integers_prove_places_by_their_dtype():
    assert not graph("y[i] = x[p[i]]", "f32[256]", "u8[4]").checks
    assert len(graph("y[i] = x[p[i]]", "f32[255]", "u8[4]").checks) == 1
    assert len(graph("y[i] = x[p[i]]", "f32[128]", "i8[4]").checks) == 1


@pytest.mark.parametrize(
    "statement",
    ["y[i] = 4*x[i]//4", "y[i] = (3*x[i] + 1) % 3", "y[i] = maximum(x[i] + 1, x[i])", "y[i] = minimum(x[i], x[i] + 1)"],
)
def test_arithmetic_on_data_wraps_before_it_is_compared(statement):
    x = np.array([2**62, 2**63 - 1, -(2**63), -1, 5])
    program = ur.parse(f"op(x) -> y\n{statement}").program(x)
    np.testing.assert_array_equal(run(emit(program).nest, {"x": x})["y"], evaluate(program, {"x": x})["y"])


STARTED = {
    "one place": ("y[i] = h[q[i]]\nh[t] = x[t]\nh[-1] = 100", -1),
    "two places of a recurrence": ("y[i] = h[q[i]]\nh[t] = x[t] + h[t - 1]*h[t - 2]\nh[-1] = 1\nh[-2] = 7", -2),
    "windows": ("y[i] = sum[k](h[q[i] + k])\nh[t] = x[t]\nh[-1] = 100\nh[-2] = 50\naxis k: 2", -2),
    "ranges by data": ("y[i] = sum[e](h[q[e]])\nh[t] = x[t]\nh[-1] = 50\naxis i: 2\naxis e: i .. i + 1", -1),
    "one of two dimensions": ("y[i] = D[q[i], 0]\nD[i, j] = x[i]\nD[-1, j] = 7\naxis j: 2", -1),
    "both dimensions": (
        "y[i, j] = D[q[i], q[j]]\nD[i, j] = x[i]*j\nD[-1, j] = 7\nD[i, -1] = 8\nD[-1, -1] = 9\naxis j: 2",
        -1,
    ),
    "in a circle": (
        "y[t, i] = D[t, i]\nD[t, i] = x[t]*i + D[t - 1, q[i]]\nD[-1, i] = 7\nD[t, -1] = 3\nD[-1, -1] = 1",
        -1,
    ),
    "complex": ("y[i] = abs(h[q[i]])\nh[t] = x[t]*1j\nh[-1] = 3 + 4j", -1),
}


@pytest.mark.parametrize("name", STARTED)
@pytest.mark.parametrize("place", [*range(-5, 5), -(2**31), 2**31 - 1])
def test_places_before_a_range_are_those_that_are_given(name, place):
    statements, _ = STARTED[name]
    arrays = {"x": f32(2, 3, 5), "q": i32(0, place)}
    program = ur.parse(f"op(x, q) -> y\n{statements}").bind(**arrays).program
    want = outcome(lambda: evaluate(program, arrays))
    found = outcome(lambda: run(emit(program).nest, arrays))
    assert (want is None) == (found is None)
    if want is not None:
        np.testing.assert_allclose(found["y"], want["y"], rtol=1e-6)


@pytest.mark.parametrize("name", STARTED)
def test_a_report_says_from_where_on_places_are_given(name):
    statements, first = STARTED[name]
    program = ur.parse(f"op(x: f32[3], q: i32[2]) -> y\n{statements}").bind().program
    reports = {check.needed for check in emit(program).nest.checks if " < " in check.needed and check.tensor in "hD"}
    assert reports
    assert all(f"{first} <= q" in report and "start" not in report for report in reports), reports


SPOKEN = {
    "kth_smallest[j](abs(z[i, j]), q[i])": "y[i] = kth_smallest[j](abs(z[i, j]), q[i])",
    "0 <= q[i] < 2 in z[q[i], j]": "y[i, j] = z[q[i], j]*2j",
    "0 <= q[i] < 2 in w[q[i], j]": "y[i, j] = w[q[i], j]*2j\nw[i, j] = z[i, j]*1j",
    "in x[cast(abs(z[i, j]), i32)]": "y[i, j] = x[cast(abs(z[i, j]), i32)]\nx[k] = k\naxis k: 1",
    "0 <= cast(real(z[i, 0]), i32) <= 3": "y[i] = sum[e](z[i, e])\naxis e: cast(real(z[i, 0]), i32) .. 3",
}


@pytest.mark.parametrize("said", SPOKEN)
def test_a_report_says_complex_expressions_as_they_are_written(said):
    program = ur.parse(f"op(z: c64[2, 3], q: i32[2]) -> y\n{SPOKEN[said]}").bind().program
    assert any(said in check.needed for check in emit(program).nest.checks)
