# SPDX-License-Identifier: Apache-2.0
"""Functions to Definitions: what Python spellings mean, and that spans point at the user's source."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

import unrut as ur
from unrut.errors import AxisError, NotationError
from unrut.language.vocabulary import SCALAR_FUNCTIONS
from unrut.program.promotion import OF_COMPLEX

F = "f32[5, 6]"


def text_of(function, *specs, **params) -> str:
    """The statements of an op, as text."""
    shown = ur.op(function).show(*map(ur.spec, specs), **params)
    return "\n".join(shown.strip().splitlines()[1:])


def test_the_first_example():
    @ur.op
    def conv_caps(P, W, *, stride=1):
        """Convolutional capsules."""
        n, ci, co, y, x, ky, kx, i, j, k = ur.axes("n ci co y x ky kx i j k")
        V = ur.tensor("V")
        V[n, co, y, x, i, j] = ur.sum[ci, ky, kx, k](
            P[n, ci, stride * y + ky, stride * x + kx, i, k] * W[co, ci, ky, kx, k, j]
        )
        return V

    program = conv_caps.program(ur.spec("f32[8, 32, 15, 15, 4, 4]"), "f32[32, 32, 3, 3, 4, 4]", stride=2)
    assert program.doc == "Convolutional capsules."
    assert [axis.extent.value() for axis in program.statements[0].axes] == [8, 32, 7, 7, 4, 4]
    text = (
        "conv_caps(P: f32[8, 32, 15, 15, 4, 4], W: f32[32, 32, 3, 3, 4, 4]) -> V\n"
        "V[n, co, y, x, i, j] = sum[ci, ky, kx, k](P[n, ci, 2*y + ky, 2*x + kx, i, k]*W[co, ci, ky, kx, k, j])"
    )
    assert ur.parse(text).program() == program


def test_operators_and_their_reflections():
    """Each against Python's own meaning on NumPy's arrays, the operand on either side of a number."""

    def arithmetic(e):
        parts = [1 + e, e + 1, 2 - e, e - 2, 3 * e, e * 3, 5 / e, e / 5, 7 // e, e // 2, 8 % e, e % 3, 2**e, e**2]
        return [*parts, abs(-e), +e, -e]

    def integers(k):
        parts = [k & 1, 3 & k, k | 4, 1 | k, k ^ 2, 7 ^ k, k << 1, 1 << k, k >> 1, 64 >> k, ~k]
        return [*parts, (k < 2) & (k <= 3), (1 > k) | (k >= 4), (k == 2) ^ (k != 5)]

    def every(x, k):
        i = ur.axis("i")
        results = []
        for index, e in enumerate([*arithmetic(x[i]), *integers(k[i])]):
            y = ur.tensor(f"y{index}")
            y[i] = e
            results.append(y)
        return results

    x, k = np.array([0.5, 1.5, 3.0, -2.5]), np.array([0, 1, 2, 5])
    found = ur.op(every).reference(x, k)
    for ours, theirs in zip(found, [*arithmetic(x), *integers(k)], strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", sorted({*SCALAR_FUNCTIONS, "sigmoid", "logsigmoid"} - OF_COMPLEX))
def test_every_function_has_numpys_name(name):
    function = getattr(ur, name)
    arity = len(inspect.signature(function).parameters)
    assert function.__doc__

    def use(x, y):
        i = ur.axis("i")
        z = ur.tensor("z")
        z[i] = function(*(x[i], y[i])[:arity]) + function(*[0.5, 0.5][:arity])
        return z

    bound = ur.op(use).bind(np.array([0.25, 0.5]), np.array([0.75, 0.5]))
    reference = {
        "erf": lambda v: np.array([math.erf(a) for a in v]),
        "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
        "logsigmoid": lambda v: np.log(1 / (1 + np.exp(-v))),
        "arccosh": lambda v: v * np.nan,
    }.get(name) or getattr(np, name)
    with np.errstate(all="ignore"):
        first = reference(*[np.array([0.25, 0.5]), np.array([0.75, 0.5])][:arity])
        second = reference(*[np.array([0.5])] * arity)
    expected = first.astype(float) + second.astype(float) if first.dtype != bool else first | second
    np.testing.assert_allclose(bound.reference().astype(expected.dtype), expected, rtol=1e-14)


def test_logsigmoid_does_not_overflow():
    def log_odds(x):
        i = ur.axis("i")
        y = ur.tensor()
        y[i] = ur.logsigmoid(x[i])
        return y

    found = ur.op(log_odds).reference(np.array([-1e6, -800.0, 0.0, 800.0, np.inf, -np.inf, np.nan]))
    np.testing.assert_array_equal(found, [-1e6, -800.0, -math.log(2), 0.0, 0.0, -np.inf, np.nan])


def test_reductions_with_options():
    def reduced(x):
        i, j = ur.axes("i j")
        y = ur.tensor("y")
        y[i] = ur.max[j](x[i, j], where=j < i, initial=0.0) + ur.sum[j](x[i, j], dtype=ur.f64)
        c = ur.tensor("c")
        c[i] = ur.count[j](x[i, j] > 0) + ur.logsumexp[j](x[i, j])
        return y, c

    found = text_of(reduced, F)
    assert "max[j](x[i, j], where=j < i, initial=0.0)" in found
    assert "sum[j](x[i, j], dtype=f64)" in found


def test_argmax_over_several_axes_gives_a_tuple_of_places():
    def place(x):
        i, j = ur.axes("i j")
        row, column, flat = ur.tensor("row"), ur.tensor("column"), ur.tensor("flat")
        row[()], column[()] = ur.argmax[i, j](x[i, j])
        flat[i] = ur.argmax[j](x[i, j])
        return row, column, flat

    x = np.arange(30.0).reshape(5, 6)
    x[3, 2] = 99
    row, column, flat = ur.op(place).reference(x)
    assert (row, column, flat.tolist()) == (3, 2, [5, 5, 5, 2, 5])


def test_policies_sizes_and_hand_given_ranges():
    def windows(x, *, size=3):
        t = ur.axis("t", x.shape[0] - size + 1)
        k = ur.axis("k", size)
        y = ur.tensor()
        y[t] = ur.sum[k](x[t + k]) / x.shape[0]
        z = ur.tensor()
        i = ur.axis("i", x.shape[0])
        z[i] = x.outside(0.0)[i - 1] + x.outside("edge")[i + 1] + x.outside(x[0])[i + 2]
        return y, z

    y, z = ur.op(windows).reference(np.array([1.0, 2, 4, 8]))
    np.testing.assert_array_equal(y, np.array([7.0, 14]) / 4)
    np.testing.assert_array_equal(z, [0 + 2 + 4, 1 + 4 + 8, 2 + 8 + 1, 4 + 8 + 1])


def test_options_that_leave_nothing_leave_no_trace():
    def conv(x, *, stride=1, dilation=1, padding=0):
        i, k = ur.axes("i k")
        k = ur.axis("k", 3)
        y = ur.tensor()
        y[i] = ur.sum[k](x[stride * i + dilation * k - padding] * 1.0)
        return y

    assert text_of(conv, "f32[9]").endswith("sum[k](x[i + k]*1.0)")
    assert "x[2*i + 3*k]" in text_of(conv, "f32[9]", stride=2, dilation=3)


def test_numbers_of_numpy_are_numbers():
    def scaled(x):
        i = ur.axis("i")
        y = ur.tensor()
        y[i] = np.float32(2) * x[i] + x[i] * np.float64(0.5) - np.int64(1)
        return y

    found = ur.op(scaled).program("f32[3]")
    assert found.statements[0].dtype is ur.f32


def test_tensors_without_dimensions():
    @ur.op("s: f32[], x: f32[n]")
    def shifted(s, x):
        i = ur.axis("i")
        total = ur.tensor()
        total[()] = ur.sum[i](x[i])
        y = ur.tensor()
        y[i] = x[i] * s + s[()] - total
        return y, total

    y, total = shifted.reference(np.float32(2), np.array([1, 2], np.float32))
    np.testing.assert_array_equal(y, [2 + 2 - 3, 4 + 2 - 3])
    assert total.shape == ()
    assert total == 3


def test_shape_unpacks_where_the_number_of_dimensions_is_known():
    @ur.op("x: f32[n, m]")
    def sizes(x):
        n, m = x.shape
        y = ur.tensor()
        y[()] = n * 100 + m + x.shape[-1]
        return y

    assert sizes.reference(np.zeros((2, 3), np.float32)) == 206


def test_python_is_carried_out_while_tracing():
    def polynomial(x, *, degree=3, flip=False):
        i = ur.axis("i")
        y = ur.tensor()
        total = 0.0
        for power in range(degree + 1):
            total += x[i] ** power
        if flip:
            total = -total
        y[i] = total
        return y

    made = ur.op(polynomial)
    assert made.reference(np.array([2.0]), flip=True, degree=4) == [-31.0]
    assert made.reference(np.array([2.0])) == [15.0]


def test_options_are_fixed_or_scalars_by_their_kind():
    seen = []

    @ur.op
    def kinds(x, *, count=2, name="a", flag=True, tau=1.0, pair=(1, 2), kind=ur.f64):
        seen.append((count, name, flag, tau, pair, kind))
        i = ur.axis("i")
        y = ur.tensor()
        y[i] = ur.cast(x[i], kind) * tau
        return y

    first = kinds.definition()
    assert first.scalars == ("tau",)
    assert kinds.definition(tau=3.0) is first, "another scalar is no other trace"
    assert kinds.definition(tau=3).scalars == ("tau",), "an int given for a float is one"
    assert len(seen) == 1
    fixed = kinds.definition(tau=ur.static(0.5))
    assert fixed.scalars == ()
    assert seen[-1][3] == 0.5
    kinds.definition(flag=1)
    kinds.definition(flag=True)
    assert len(seen) == 3, "1 and True are two values"
    assert kinds.definition(kind=np.float32) is not first


def test_names_of_tensors_come_from_the_assignment():
    def named(x):
        i = ur.axis("i")
        first, second = ur.tensor(), ur.tensor()
        first[i] = x[i]
        second[i] = x[i]
        both = [ur.tensor(), ur.tensor()]
        both[0][i] = x[i]
        both[1][i] = x[i]
        return first, second, *both

    assert ur.op(named).definition().results == ("first", "second", "t1", "t2")


def test_axes():
    assert [a.name for a in ur.axes("n c")] == ["n", "c"]
    assert [a.name for a in ur.axes("n, c,d")] == ["n", "c", "d"]
    (only,) = ur.axes("n")
    assert repr(only) == "<axis n>"
    with pytest.raises(AxisError, match="names one axis twice"):
        ur.axes("n n")
    with pytest.raises(AxisError, match="names no axis"):
        ur.axes(" ")
    with pytest.raises(NotationError, match="an axis has one name"):
        ur.axis("n c")


AXIS = ur.axis("outside_axis", 3)


def test_axes_may_be_made_outside_of_ops():
    def repeated(x):
        y = ur.tensor()
        y[AXIS] = x[()] * AXIS
        return y

    assert ur.op(repeated).reference(np.float64(2)).tolist() == [0, 2, 4]


def test_spans_point_at_the_source():
    @ur.op
    def op(x):
        i = ur.axis("i")
        y = ur.tensor()
        y[i] = 2 * x[i] + ur.exp(x[i + 1])
        return y

    (statement,) = op.definition().statements
    line = statement.span.source_line()

    def stretch(span):
        return line[span.column : span.end]

    assert statement.span.file == __file__
    assert line.strip() == "y[i] = 2 * x[i] + ur.exp(x[i + 1])"
    assert stretch(statement.span) == "y[i]"
    assert stretch(statement.body.span) == "2 * x[i] + ur.exp(x[i + 1])"
    assert stretch(statement.body.arguments[1].span) == "ur.exp(x[i + 1])"
    assert stretch(statement.body.arguments[1].arguments[0].span) == "x[i + 1]"


def test_columns_count_characters_not_bytes():
    @ur.op
    def op(x):
        i = ur.axis("i")
        y = ur.tensor()
        "äöü∂"
        y[i] = x[i] + 1
        return y

    (statement,) = op.definition().statements
    line = statement.span.source_line()
    assert line[statement.body.span.column : statement.body.span.end] == "x[i] + 1"
