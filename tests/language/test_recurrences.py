# SPDX-License-Identifier: Apache-2.0
"""Circles of tensors: the order in which they can be computed, initial statements, ranges, dtypes, and what is refused."""

from __future__ import annotations

import pytest

import unrut as ur
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.cycles import Cycle
from unrut.program.nodes import Role
from unrut.program.show import show
from unrut.program.verify import verify
from unrut.program.walk import contributing


def program(text):
    found = verify(elaborate(parse(text)))
    assert elaborate(parse(show(found))) == found
    return found


def cycles(text):
    return program(text).cycles


def test_a_recurrence_goes_along_the_axis_that_is_read_earlier():
    assert cycles("f(x: f32[n, 4]) -> h\nh[t, i] = h[t - 1, i] + x[t, i]\nh[-1, i] = 0") == (
        Cycle(axis="t", members=("h",)),
    )
    assert cycles("f(x: f32[4, n]) -> h\nh[i, t] = h[i, t - 1] + x[i, t]\nh[i, -1] = 0") == (
        Cycle(axis="t", members=("h",)),
    )


def test_members_are_in_the_order_of_one_step_whatever_the_text():
    text = "f(x: f32[9]) -> h\nh[t] = 2*u[t] + v[t]\nv[t] = u[t] + x[t]\nu[t] = where(t > 0, h[t - 1], 0)"
    assert cycles(text) == (Cycle(axis="t", members=("u", "v", "h")),)


def test_two_ordered_axes_nest():
    text = "f(c: f32[5, 6]) -> D\nD[i, j] = c[i, j] + D.outside(0)[i - 1, j] + D.outside(0)[i, j - 1]"
    assert cycles(text) == (Cycle(axis="i", members=(Cycle(axis="j", members=("D",)),)),)


def test_an_inner_axis_may_be_one_of_some_members_alone():
    text = "f(x: f32[9, 4]) -> h\nh[t, i] = h[t, i - 1] + s[t] + x[t, i]\ns[t] = sum[i](h[t - 1, i])"
    text += "\nh[-1, i] = 1\nh[t, -1] = 0"
    assert cycles(text) == (Cycle(axis="t", members=("s", Cycle(axis="i", members=("h",)))),)


@pytest.mark.parametrize(
    "read",
    [
        "where(t > 0, h[t - 1], 0)",
        "where(t >= 3, h[t - 3], 0)",
        "where(t > 0, h[t//2], 0)",
        "where(t > 0, h[0], 0)",
        "sum[s](h[s], where=s < t)",
        "sum[s](h[s], where=(s + 1 <= t) & (x[s] > 0))",
        "sum[k](where(t - k >= 1, h[t - k - 1], 0))\naxis k: 3",
    ],
)
def test_reads_that_are_proved_earlier(read):
    body, *given = read.split("\n")
    assert cycles("\n".join([f"f(x: f32[9]) -> h\nh[t] = {body} + x[t]", *given])) == (Cycle(axis="t", members=("h",)),)


def test_initial_statements_are_no_definitions():
    found = program("f(x: f32[9], h0: f32[]) -> h\nh[-1] = h0\nh[t] = h[t - 1] + x[t]")
    assert [s.role for s in found.statements] == [Role.starts, Role.defines]
    assert str(found.shape_of("h")[0]) == "9"
    assert found.statement("h").role is Role.defines


def test_axes_of_a_circle_are_their_names():
    found = program("f(x: f32[n, 4]) -> h\nh[t, i] = u[t, i] + x[t, i]\nu[t, i] = 2*h[t - 1, i]\nh[-1, i] = 0")
    assert found.shape_of("u") == found.shape_of("h")
    found = program(
        "f(w: f32[7, 7]) -> D\nD[k, i, j] = minimum(D[k - 1, i, j], D[k - 1, i, k] + D[k - 1, k, j])\nD[-1, i, j] = w[i, j]"
    )
    assert [str(e) for e in found.shape_of("D")] == ["7", "7", "7"]


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("h[t] = h[t - 1] + x[t]\nh[-1] = 0", "f32"),
        ("h[t] = h[t - 1] + k[t]\nh[-1] = 0", "i32"),
        ("h[t] = h[t - 1]/2 + k[t]\nh[-1] = 0", "f64"),
        ("h[t] = h[t - 1] + k[t]\nh[-1] = x[0]", "f64"),
        ("h[t] = h[t - 1] + 1 + 0*t\nh[-1] = True\naxis t: 4", "i64"),
        ("h[t] = k[t] + sum[s](k[s]*h[s], where=s < t)", "i64"),
        ("h[t] = h[t - 1] - h[t - 2] + k[t]\nh[-1] = 1\nh[-2] = 1", "i32"),
        ("h[t] = (h[t - 1] < 0.5) & (x[t] > 0)\nh[-1] = False", "bool"),
        ("h[t] = u[t] + k[t]\nu[t] = 0.5*h[t - 1]\nh[-1] = 0", "f64"),
        ("h[t] = 0.5*sum[s](where(t > 0, h[t - 1], 0)*q[s]) + x[t]", "f32"),
    ],
)
def test_the_dtype_is_the_least_that_fits(text, dtype):
    found = program(f"f(x: f32[4], k: i32[4], q: f16[3]) -> h\n{text}")
    assert {s.dtype.name for s in found.statements if s.target == "h"} == {dtype}


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("y[i] = t[i]\nt[i] = y[i]", ur.NotationError, "in a circle: `y` needs `t` needs `y`"),
        ("y[i] = sum[j](y[j], where=j <= i) + x[i]", ur.NotationError, "all in the same step of `i`"),
        ("y[i] = where(i < 8, y[i + 1], 0) + x[i]", ur.NotationError, "reads `y` at `i + 1`, which is not proved"),
        ('y[i] = y.outside("edge")[i - 1] + x[i]', ur.NotationError, "reads `y` at `i - 1`, which is not proved"),
        (
            "y[i] = cumsum(where(i > 0, y[i - 1], 0), along=i) + x[i]",
            ur.NotationError,
            "reads `y` along all its places",
        ),
        ("y[i] = u[i] + x[i]\nu[j] = where(j > 0, y[j - 1], 0)", ur.NotationError, "in a circle"),
        ("y[i] = y[i - 1] + x[i]", ur.RangeError, "`i - 1` goes down to -1"),
        ("y[i] = y[i - 1] + x[i]\ny[-1] = y[0]", ur.NotationError, "in a circle: `y` needs `y`"),
        ("y[i] = y[i - 2] + x[i]\ny[-2] = 0", ur.RangeError, "`y` is read before its range, at [-1]"),
        ("y[i] = y[i - 1] + x[i]\ny[-1] = 0\ny[-1] = 1", ur.NameClashError, "is given twice"),
        ("y[i] = x[i]\nz[-1] = 0", ur.NotationError, "`z` has a place before its range"),
        ("y[i] = y[i - 1] + x[i]\ny[-1, 0] = 0", ur.NotationError, "1 dimensions and is given places with 2"),
        ("y[i] = y[i - 1] + x[i]\ny[-99] = 0", ur.NotationError, "from -64 to -1, not at -99"),
        ("y[i] = y[i - 1] + x[i]\ny[-1] = 0\nx[-1] = 0", ur.NameClashError, "`x` is both an operand"),
        (
            "y[i] = y[i - 1] + x[i]\ny[-1] = 0\ny[i//2] += x[i]",
            ur.NotationError,
            "computed step by step, and can't be added to",
        ),
        ("y[i] = x[-1]\naxis i: 3", ur.RangeError, "goes down to -1"),
    ],
)
def test_what_is_refused(text, kind, message):
    with pytest.raises(ur.UnrutError) as caught:
        elaborate(parse(f"f(x: f32[9]) -> y\n{text}"))
    assert type(caught.value) is kind
    assert message in str(caught.value)
    assert caught.value.remedy


def test_a_corner_is_a_place_of_its_own():
    text = "f(c: f32[5, 6]) -> D\nD[i, j] = c[i, j] + D[i - 1, j - 1]\nD[-1, j] = 0\nD[i, -1] = 0"
    with pytest.raises(ur.RangeError, match=r"at \[-1, -1\]"):
        elaborate(parse(text))
    program(text + "\nD[-1, -1] = 0")
    program(text.replace("D[i - 1, j - 1]", "where(i + j > 0, D[i - 1, j - 1], 0)"))


def test_ops_with_recurrences_can_be_inlined():
    @ur.op
    def decay(x):
        t, b = ur.axes("t b")
        h = ur.tensor("h")
        h[t, b] = h[t - 1, b] / 2 + x[t, b]
        h[-1, b] = 0
        return h

    @ur.op
    def twice(x):
        return decay(decay(x))

    found = twice.program("f32[5, 3]")
    assert [cycle.members for cycle in found.cycles] == [("h",), ("decay_h",)]


def test_what_a_second_result_alone_needs_stays_out():
    text = "f(x: f32[5]) -> y\ny[i] = x[i]\nh[t] = h[t - 1] + x[t]\nh[-1] = 0"
    found = contributing(program(text))
    assert [s.target for s in found.statements] == ["y"]
    assert found.cycles == ()
