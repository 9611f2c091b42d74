# SPDX-License-Identifier: Apache-2.0
"""Wrong statements, names, axes and reads in traced functions."""

from __future__ import annotations

import pytest

import unrut as ur
from unrut.errors import AxisError, NameClashError, NotationError, RangeError, ShapeError

CASES = {}


def case(kind, message, remedy):
    """Notes a function that makes one mistake. The comment at the end of a line is what the caret must mark."""

    def note(function):
        CASES[function.__name__] = (function, kind, message, remedy)
        return function

    return note


@case(NotationError, "returns nothing: a forgotten return?", "return y")
def a_forgotten_return(x, y, i, j):
    y[i, j] = x[i, j]  # y[i, j]


@case(NotationError, "returns an expression, but results are tensors", "return V")
def an_expression_returned(x, y, i, j):
    y[i, j] = x[i, j]  # y[i, j]
    return y[i, j]


@case(NotationError, "returns its parameter `x`", "V[i] = x[i]")
def a_parameter_returned(x, y, i, j):
    y[i, j] = x[i, j]  # y[i, j]
    return x


@case(NotationError, "returns one tensor twice", "each result once")
def a_result_twice(x, y, i, j):
    y[i, j] = x[i, j]  # y[i, j]
    return y, y


@case(NameClashError, "tensor `y` is defined twice", "ur.where(condition, a, b) if it has cases")
def a_second_definition(x, y, i, j):
    y[i, j] = x[i, j]  # y[i, j]
    y[i, j] = 2 * x[i, j]


@case(NameClashError, "`x` is a parameter: it can't be assigned to", "a tensor of its own")
def a_parameter_assigned_to(x, y, i, j):
    x[i, j] = 0.0  # x[i, j]


@case(NotationError, "tensor `z` is never defined", "z[i, j] = ...")
def a_tensor_never_defined(x, y, i, j):
    z = ur.tensor("z")  # ur.tensor("z")
    y[i, j] = z[i, j]
    return y


@case(NameClashError, "tensor `y` is declared twice", "another name")
def a_tensor_declared_twice(x, y, i, j):
    ur.tensor("y")  # ur.tensor("y")


@case(NameClashError, "tensor `x` is a parameter already", "another name")
def a_tensor_named_as_a_parameter(x, y, i, j):
    ur.tensor("x")  # ur.tensor("x")


@case(NameClashError, "`for` can't be the name of an axis: it is a keyword of Python", "for_")
def a_keyword_as_a_name(x, y, i, j):
    ur.axes("for")  # ur.axes("for")


@case(NameClashError, "can't be the name of a tensor", "another name")
def a_hostile_name(x, y, i, j):
    ur.tensor('y; system("true")')  # ur.tensor('y; system("true")')


@case(NameClashError, "`é` can't be the name of an axis".replace("é", "\\xe9"), "ASCII letters")
def a_name_beyond_ascii(x, y, i, j):
    ur.axis("é")  # ur.axis("é")


@case(NameClashError, "`exp` can't be the name of a tensor: it is a word of the notation", "exp_")
def a_word_of_the_notation(x, y, i, j):
    ur.tensor("exp")  # ur.tensor("exp")


@case(AxisError, "`j` stands for nothing here", "`j` on the left side")
def an_axis_that_is_nowhere_bound(x, y, i, j):
    y[i] = x[i, j]  # x[i, j]
    return y


@case(AxisError, "`sum` runs over axes, `1` is a number", 'k = ur.axis("k")')
def an_axis_by_its_number(x, y, i, j):
    y[i] = ur.sum[1](x[i, j])  # ur.sum[1]


@case(AxisError, "`sum` runs over axes, here is a str", 'k = ur.axis("k")')
def an_axis_by_a_string(x, y, i, j):
    y[i] = ur.sum["j"](x[i, j])  # ur.sum["j"]


@case(NotationError, "`ur.max` needs its axes in square brackets", "of two numbers: ur.maximum(a, b)")
def a_reduction_without_axes(x, y, i, j):
    y[i] = ur.max(x[i, j], 0)  # ur.max(x[i, j], 0)


@case(AxisError, "`sum` has no axis", "ur.sum[k](...)")
def a_reduction_over_nothing(x, y, i, j):
    y[i] = ur.sum[()](x[i, j])  # ur.sum[()]


@case(AxisError, "`sum` has axis `j` twice", "each axis once")
def a_reduction_with_one_axis_twice(x, y, i, j):
    y[i] = ur.sum[j, j](x[i, j])  # ur.sum[j, j]


@case(AxisError, "`softmax` runs along one axis", "along=j")
def softmax_along_a_number(x, y, i, j):
    y[i, j] = ur.softmax(x[i, j], along=1)  # ur.softmax(x[i, j], along=1)


@case(AxisError, "axis `k` is given two ranges", "another name")
def two_ranges_of_one_axis(x, y, i, j):
    y[ur.axis("k", 3)] = 1.0
    z = ur.tensor("z")
    z[ur.axis("k", 4)] = 1.0  # ur.axis("k", 4)
    return y, z


@case(NotationError, "the left side takes bare axes only", "y[i, j] = ...")
def a_number_on_the_left(x, y, i, j):
    y[0, j] = x[0, j]  # y[0, j]
    return y


@case(NotationError, "tensor `z` is added to, but never defined", "shape=(...), init=0")
def accumulation(x, y, i, j):
    y[i, j] = x[i, j]
    z = ur.tensor("z")  # ur.tensor("z")
    z[i] += x[i, 0]
    return y


@case(NameClashError, "tensor `z` is declared with a shape, so it has its values already", "z[...] += ...")
def a_shape_and_a_definition(x, y, i, j):
    z = ur.tensor("z", shape=(3,))
    z[i] = x[i, 0]  # z[i]
    return z


@case(NameClashError, "`x` is a parameter", "a tensor of its own")
def adding_to_a_parameter(x, y, i, j):
    x[i, j] += 1  # x[i, j]
    return x


@case(NotationError, "`y` is defined by itself (also as `-=`)", "y[...] += ...")
def change_in_place(x, y, i, j):
    y[i, j] -= x[i, j]  # y[i, j]
    return y


@case(RangeError, "`i - 1` goes down to -1", "y[-1, ...] = ..., the place before the range")
def recurrence(x, y, i, j):
    y[i, j] = y[i - 1, j] + x[i, j]  # y[i - 1, j]
    return y


@case(NotationError, "a place before the range of `y` has `i` where its axis is `j`", "y[-1, j] = ...")
def a_place_before_the_range(x, y, i, j):
    y[-1, i] = 0  # y[-1, i]
    y[i, j] = x[i, j] + y[i - 1, j]
    return y


@case(NotationError, "a definition takes bare axes: `x[...]` on the left side may give one", "y[x[...]] += ...")
def a_computed_place(x, y, i, j):
    y[x[i, j]] = 0  # y[x[i, j]]


@case(NotationError, "a tensor with `init` has a shape", 'ur.tensor("z", shape=(...), init=0)')
def a_value_without_a_shape(x, y, i, j):
    ur.tensor("z", init=0)  # ur.tensor("z", init=0)


@case(NotationError, "`nearest` is not a mode of reading outside", "one of edge, wrap, reflect, symmetric, or a number")
def an_unknown_mode(x, y, i, j):
    y[i, j] = x.outside("nearest")[i, j - 1]  # x.outside("nearest")


@case(NotationError, "the number of dimensions of `x` is unknown here", "a signature")
def a_shape_unpacked_too_early(x, y, i, j):
    n, m = x.shape  # n, m
    y[i] = n + m


@case(ur.DTypeError, "`f24` is not a dtype", "one of bool, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64")
def a_dtype_that_is_none(x, y, i, j):
    y[i, j] = ur.cast(x[i, j], "f24")  # ur.cast(x[i, j], "f24")


@case(ShapeError, "`z` has 2 dimensions and is read with 1 subscript", "2 subscripts, as in z[i, j]")
def too_few_subscripts(x, y, i, j):
    z = ur.tensor("z")
    z[i, j] = x[i, j]
    y[i] = z[i]  # z[i]


@case(RangeError, "a read leaves `x`: `j + 1` goes up to 6", "x.outside(0.0)[...]")
def a_read_that_leaves(x, y, i, j):
    y[i, j] = x[i, j] + x[i, j + 1]  # x[i, j + 1]
    return y


@case(ShapeError, "axis `j` has extent 6 here and 5 there", "rename one of the axes")
def an_axis_with_two_extents(x, y, i, j):
    y[i] = ur.sum[j](x[2 * i, j] * x[j, 2 * i])  # x[2 * i, j]
    return y


@pytest.mark.parametrize("name", CASES)
def test_the_error_says_what_where_and_what_to_try(name, judge):
    judge(*CASES[name])


def test_outside_of_ops():
    with pytest.raises(NotationError, match="a tensor belongs inside an op"):
        ur.tensor("V")


def test_a_tensor_of_another_op():
    kept = []

    @ur.op
    def first(x):
        kept.append(x)
        i = ur.axis("i")
        y = ur.tensor()
        y[i] = x[i]
        return y

    @ur.op
    def second(x):
        i = ur.axis("i")
        y = ur.tensor()
        y[i] = kept[0][i]
        return y

    first.definition()
    with pytest.raises(NotationError, match="tensor `x` belongs to op `first` and can't be used outside it"):
        second.definition()


def test_what_an_ops_function_may_not_be():
    with pytest.raises(NotationError, match="parameter `y` is a tensor and can't have a default") as caught:

        @ur.op
        def optional(x, y=None):
            pass

    assert "try: `*,` before it" in str(caught.value)
    with pytest.raises(NotationError, match="variable parameter `xs`"):

        @ur.op
        def variable(*xs):
            pass

    with pytest.raises(NameClashError, match="`int` can't be the name of an op"):

        @ur.op
        def int(x):  # noqa: A001
            pass

    with pytest.raises(NameClashError, match="`exp` can't be the name of a parameter"):

        @ur.op
        def fine(exp):
            pass

    with pytest.raises(NotationError, match="the signature of `other` names the tensors q, the function takes x"):

        @ur.op("q: f32[n]")
        def other(x):
            pass

    with pytest.raises(NotationError, match=r"@ur\.op takes a function or a signature"):
        ur.op(3)
