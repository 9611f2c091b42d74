# SPDX-License-Identifier: Apache-2.0
"""`out[seg[e], f] += x[e, f]` in functions and in text: what is recorded, ranges, dtypes, names."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.program.nodes import Role
from unrut.program.types import DType
from unrut.program.verify import verify


@ur.op
def segment_sum(x, seg, *, segments: int = 3):
    e, f = ur.axes("e f")
    out = ur.tensor("out", shape=(segments, x.shape[1]))
    out[seg[e], f] += x[e, f]
    return out


def test_an_addition_is_a_statement_of_its_own():
    program = verify(segment_sum.program("f32[n, 4]", "i32[n]"))
    first, second = program.statements
    assert (first.role, second.role) == (Role.defines, Role.adds)
    assert [axis.name for axis in second.axes] == ["e", "f"]
    assert [str(extent) for extent in program.shape_of("out")] == ["3", "4"]
    assert program.dtype_of("out") is DType.f32
    assert segment_sum.show("f32[n, 4]", "i32[n]").endswith(
        "axis out_0: 3\naxis out_1: 4\nout[out_0, out_1] = 0\nout[seg[e], f] += x[e, f]\n"
    )


def test_the_text_reads_back():
    text = segment_sum.show("f32[n, 4]", "i32[n]")
    assert ur.parse(text).program() == segment_sum.program("f32[n, 4]", "i32[n]")


def test_declared_axes_take_no_name_of_the_op():
    @ur.op
    def counted(x):
        out_0 = ur.axis("out_0")
        out = ur.tensor("out", shape=5)
        out[x[out_0]] += 1
        return out

    assert [axis.name for axis in counted.program("i32[9]").given] == ["out_0_"]


def test_called_ops_bring_their_additions():
    @ur.op
    def twice(x, seg, coarse):
        a = segment_sum(x, seg, segments=4)
        return segment_sum(a, coarse, segments=2)

    x = np.arange(12.0).reshape(6, 2)
    found = twice.reference(x, np.array([3, 0, 3, 1, 2, 2]), np.array([1, 1, 0, 1]))
    assert found.tolist() == [[8 + 10, 9 + 11], [2 + 6 + 0 + 4, 3 + 7 + 1 + 5]]


def test_adding_to_a_python_name_is_an_expression():
    @ur.op
    def powers(x):
        (i,) = ur.axes("i")
        y = ur.tensor("y")
        total = x[i]
        total += x[i] ** 2
        y[i] = total
        return y

    assert [s.role for s in powers.program("f32[3]").statements] == [Role.defines]
    assert powers.reference(np.array([1.0, 2.0])).tolist() == [2.0, 6.0]


def test_an_element_may_be_fetched_and_put_back():
    @ur.op
    def raised(x):
        (i,) = ur.axes("i")
        y = ur.tensor("y")
        y[i] = x[i]
        element = y[i]
        element += 1
        y[i] = element
        return y

    assert [s.role for s in raised.program("f32[3]").statements] == [Role.defines, Role.adds]


def test_the_order_of_additions_is_kept_and_definitions_may_follow():
    @ur.op
    def late(x):
        (i,) = ur.axes("i")
        y = ur.tensor("y")
        y[i] += x[i]
        y[i] = x[i] * 0 + 10
        y[x[i] - x[i]] += 2
        return y

    assert late.reference(np.array([1, 2, 3])).tolist() == [17, 12, 13]
    assert [s.role for s in late.program("i64[3]").statements] == [Role.adds, Role.defines, Role.adds]


@pytest.mark.parametrize(
    ("statements", "dtype"),
    [
        ("y[k] = 0\ny[p[i]] += 1", DType.i64),
        ("y[k] = 0\ny[p[i]] += x[i]", DType.f32),
        ("y[k] = p[k]\ny[p[i]] += 1", DType.i32),
        ("y[k] = p[k]\ny[p[i]] += x[i]", DType.f64),
        ("y[k] = x[k]\ny[p[i]] += z[i]", DType.f64),
        ("y[k] = False\ny[p[i]] += x[i] > 0", DType.bool),
        ("y[k] = x[k]\ny[p[i]] += 0.5", DType.f32),
    ],
)
def test_the_dtype_is_that_of_all_statements(statements, dtype):
    program = ur.parse(f"op(x: f32[3], z: f64[3], p: i32[3]) -> y\naxis k: 3\naxis i: 3\n{statements}").program()
    assert {s.dtype for s in verify(program).statements} == {dtype}


def test_the_left_side_takes_part_in_ranges():
    program = ur.parse(
        "op(x: f32[n], w: f32[3]) -> y\naxis j: 2*x.shape[0] + 1\ny[j] = 0\ny[2*i + k] += x[i]*w[k]"
    ).program()
    added = program.statements[1]
    assert [str(axis.extent) for axis in added.axes] == ["n", "3"]


def test_run_time_sizes_become_preconditions():
    program = ur.parse("op(x: f32[n], y0: f32[m]) -> y\ny[j] = y0[j]\naxis i: x.shape[0]\ny[i + 1] += x[i]").program()
    assert any("y[0] is added to inside" in p.because for p in program.preconditions)
