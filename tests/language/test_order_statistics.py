# SPDX-License-Identifier: Apache-2.0
"""Order statistics in both front ends: ranks, their ranges, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.program.show import show

LEGAL = [
    "f(x: f32[4, 5]) -> y\ny[i, r] = kth_smallest[j](x[i, j], r)",
    "f(x: i32[4, 5]) -> y\naxis r: 3\ny[i, r] = arg_kth_smallest[j](x[i, j], 2*r, where=x[i, j] > 0)",
    "f(x: f64[4, 5], q: scalar) -> y\ny = quantile[i, j](x[i, j], q) - median[i, j](x[i, j])",
    "f(x: bool[4, 5]) -> y\ny[i] = arg_kth_smallest[k, j](x[k, j], i)[1]\naxis i: 20",
]


@pytest.mark.parametrize("text", LEGAL)
def test_text_reads_back(text):
    program = ur.parse(text).program()
    assert ur.parse(show(program)).program() == program


def test_a_traced_function_says_the_same():
    @ur.op
    def f(x):
        i, j, r = ur.axes("i j r")
        first, second, y, z = ur.tensor("first"), ur.tensor("second"), ur.tensor("y"), ur.tensor("z")
        first[r], second[r] = ur.arg_kth_smallest[i, j](x[i, j], r)
        y[i] = ur.median[j](x[i, j], where=x[i, j] > 0) + ur.quantile[j](x[i, j], 0.25)
        z[i, r] = ur.kth_smallest[j](x[i, j], r)
        return first, second, y, z

    assert f.show("f32[4, 5]").splitlines()[1:] == [
        "first[r] = arg_kth_smallest[i, j](x[i, j], r)[0]",
        "second[r] = arg_kth_smallest[i, j](x[i, j], r)[1]",
        "y[i] = median[j](x[i, j], where=x[i, j] > 0) + quantile[j](x[i, j], 0.25)",
        "z[i, r] = kth_smallest[j](x[i, j], r)",
    ]
    shapes = [tuple(map(str, f.program("f32[n, m]").shape_of(name))) for name in ("first", "z")]
    assert shapes == [("m*n",), ("n", "m")]


def test_ranks_of_run_time_sizes_are_a_precondition():
    program = ur.parse("f(x: f32[n, m]) -> y\naxis r: 3\ny[i, r] = kth_smallest[j](x[i, j], r)").program()
    needed = [f"{p.left} {p.relation.value} {p.right}" for p in program.preconditions]
    assert "2 <= m - 1" in needed


def test_a_sort_needs_nothing_of_a_run_time_size():
    assert ur.parse("f(x: f32[n, m]) -> y\ny[i, r] = kth_smallest[j](x[i, j], r)").program().preconditions == ()


@pytest.mark.parametrize(
    ("body", "dtype"),
    [
        ("kth_smallest[j](x[j], 0)", "i32"), ("median[j](x[j])", "f64"), ("quantile[j](x[j], 0.5)", "f64"),
        ("median[j](cast(x[j], f32))", "f32"), ("x[i] + arg_kth_smallest[j](x[j], 0)", "i32"),
        ("kth_smallest[j](j, 0)", "i64"), ("median[j](x[j] > 0)", "f64"), ("median[j](cast(x[j], f32) + j)", "f32"),
    ],
)  # fmt: skip
def test_dtypes(body, dtype):
    assert ur.parse(f"f(x: i32[4]) -> y\ny[i] = {body}\naxis i: 4\naxis j: 4").program().dtype_of("y").name == dtype


@pytest.mark.parametrize(
    ("body", "kind", "message", "remedy"),
    [
        ("kth_smallest[j](x[i, j], 5)", ur.RangeError, "a rank leaves `kth_smallest`: `5` goes up to 5", "from 0 to 4"),
        ("kth_smallest[j](x[i, j], -1)", ur.RangeError, "`-1` goes down to -1", "from 0 to 4"),
        ("kth_smallest[j](x[i, j], 2*i)", ur.RangeError, "`2*i` goes up to 6", "from 0 to 4"),
        ("kth_smallest[j](x[i, j], 0.5)", ur.NotationError, "is a number (f64), not an integer", "quantile"),
        ("kth_smallest[j](x[i, j])", ur.NotationError, "`kth_smallest` needs a rank from 0", "kth_smallest[k](..., r)"),
        ("kth_smallest[j](x[i, j], j)", ur.AxisError, "axis `j` is not bound here", ""),
        ("median[j](x[i, j], 2)", ur.NotationError, "`median` takes one expression, and no rank", "median[k](...)"),
        ("sum[j](x[i, j], 2)", ur.NotationError, "`sum` takes one expression, and no rank", "sum[k](...)"),
        ("quantile[j](x[i, j])", ur.NotationError, "`quantile` needs a share from 0 to 1", "quantile[k](..., q)"),
        ("quantile[j](x[i, j], 1.5)", ur.RangeError, "the share of a quantile is 1.5", "a number from 0 to 1"),
        ("quantile[j](x[i, j], x[i, 0] > 0)", ur.DTypeError, "the share of a quantile is bool", "a number from 0 to 1"),
        ("median[j](x[i, j], initial=0)", ur.NotationError, "`median` takes no initial=", "without initial="),
        ("median[j](x[i, j], dtype=f64)", ur.NotationError, "`median` takes no dtype=", "cast("),
        ("median[k](x[i, k])\naxis k: 0", ur.ShapeError, "`median` over an empty range of axis `k` has no value", ""),
    ],
)  # fmt: skip
def test_refused(body, kind, message, remedy):
    with pytest.raises(kind) as caught:
        ur.parse(f"f(x: f32[4, 5]) -> y\ny[i] = {body}").program()
    assert message in caught.value.message
    assert remedy in (caught.value.remedy or "")
    assert caught.value.places


def test_python_and_numpy_spellings_are_answered():
    @ur.op
    def f(x):
        import numpy as np

        i, j = ur.axes("i j")
        y = ur.tensor("y")
        y[i] = np.sort(x[i, j])
        return y

    with pytest.raises(ur.NotationError) as caught:
        f.program("f32[3, 4]")
    assert "ur.kth_smallest[k](..., r)" in (caught.value.remedy or "")


def test_over_an_empty_range_the_range_is_named_and_no_rank():
    for rank in ("0", "7", "i//4"):
        with pytest.raises(ur.ShapeError, match="over an empty range of axis `j` has no value") as caught:
            ur.parse(f"op(x) -> y\ny[i] = kth_smallest[j](x[i, j], {rank})").program("f32[3, 0]")
        assert not caught.value.others
        assert "rank" not in str(caught.value)


def test_a_share_is_called_one():
    op = ur.parse("op(x, q) -> y\ny[i] = quantile[j](x[i, j], q[i])")
    with pytest.raises(ur.RangeError, match=r"the share of `quantile` is 1\.5, it has to be from 0 to 1") as caught:
        op.reference(np.ones((1, 3)), np.array([1.5]))
    assert "rank" not in str(caught.value)
