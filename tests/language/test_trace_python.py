# SPDX-License-Identifier: Apache-2.0
"""What Python and NumPy ask of an expression, and it can't answer: each with the right spelling."""

from __future__ import annotations

import math

import numpy as np
import pytest

import unrut as ur
from unrut.errors import NotationError

CASES = {}


def case(kind, message, remedy):
    """Notes a function that makes one mistake. The comment at the end of a line is what the caret must mark."""

    def note(function):
        CASES[function.__name__] = (function, kind, message, remedy)
        return function

    return note


@case(NotationError, "`if` asks for the truth of an expression", "ur.where(condition, a, b)")
def if_on_an_expression(x, y, i, j):
    if x[i, j] > 0:  # x[i, j] > 0
        pass


@case(NotationError, "`if` asks for the truth of an expression", "ur.where(condition, a, b)")
def a_conditional_expression(x, y, i, j):
    y[i, j] = 1 if x[i, j] else 0  # 1 if x[i, j] else 0


@case(NotationError, "`while` asks for the truth", "a loop over Python numbers")
def while_on_an_expression(x, y, i, j):
    while x[i, j] > 0:  # x[i, j] > 0
        pass


@case(NotationError, "`and` asks for the truth of an expression", "& with brackets: (a < b) & (c < d)")
def and_of_conditions(x, y, i, j):
    y[i, j] = ur.where(x[i, j] > 0 and i < 3, 1, 2)  # x[i, j] > 0 and i < 3


@case(NotationError, "`or` asks for the truth of an expression", "| with brackets")
def or_of_conditions(x, y, i, j):
    y[i, j] = x[i, j] > 0 or i < 3  # x[i, j] > 0 or i < 3


@case(NotationError, "`not` asks for the truth of an expression", "~ on a condition: ~(a < b)")
def not_of_a_condition(x, y, i, j):
    y[i, j] = not x[i, j] > 0  # not x[i, j] > 0


@case(NotationError, "comparisons of expressions can't be chained", "(a < b) & (b < c)")
def a_chained_comparison(x, y, i, j):
    y[i, j] = 0 < x[i, j] < 1  # 0 < x[i, j] < 1


@case(NotationError, "comparisons of expressions can't be chained", "(a < b) & (b < c)")
def a_chained_comparison_in_if(x, y, i, j):
    if 0 < x[i, j] < 1:  # 0 < x[i, j] < 1
        pass


@case(NotationError, "`np.exp` can't be applied", "ur.exp(...)")
def a_function_of_numpy(x, y, i, j):
    y[i, j] = 2 + np.exp(x[i, j])  # np.exp(x[i, j])


@case(NotationError, "`np.absolute` can't be applied", "ur.abs(...)")
def a_function_of_numpy_by_another_name(x, y, i, j):
    y[i, j] = np.abs(x[i, j])  # np.abs(x[i, j])


@case(NotationError, "`np.exp` can't be applied", "ur.exp(...)")
def a_function_of_numpy_on_a_tensor(x, y, i, j):
    y[i, j] = np.exp(x)[i, j]  # np.exp(x)


@case(NotationError, "`np.where` can't be applied", "ur.where(condition, a, b)")
def where_of_numpy(x, y, i, j):
    y[i, j] = np.where(x[i, j], 1, 2)  # np.where(x[i, j], 1, 2)


@case(NotationError, "`np.sum` can't be applied", "ur.sum[k](...), with the axes by name")
def a_reduction_of_numpy(x, y, i, j):
    y[i] = np.sum(x[i, j])  # np.sum(x[i, j])


@case(NotationError, "NumPy can't make an array of this", "functions of unrut")
def an_array_of_an_expression(x, y, i, j):
    y[i, j] = np.asarray(x[i, j])  # np.asarray(x[i, j])


@case(NotationError, "an array can't stand in an expression", "a positional parameter of the op")
def an_array_on_the_left(x, y, i, j):
    y[i, j] = np.ones(3) * x[i, j]  # np.ones(3) * x[i, j]


@case(NotationError, "an array can't stand in an expression", "a positional parameter of the op")
def an_array_on_the_right(x, y, i, j):
    y[i, j] = x[i, j] + np.ones(3)  # x[i, j] + np.ones(3)


@case(NotationError, "no value as a Python number", "ur.exp(...)")
def a_function_of_math(x, y, i, j):
    y[i, j] = math.exp(x[i, j])  # math.exp(x[i, j])


@case(NotationError, "no value as a Python number", "ur.cast(a, ur.f64)")
def float_of_an_expression(x, y, i, j):
    y[i, j] = float(x[i, j])  # float(x[i, j])


@case(NotationError, "no value as a Python integer", "an axis in place of a Python loop")
def a_range_of_an_extent(x, y, i, j):
    for _ in range(x.shape[0]):  # range(x.shape[0])
        pass


@case(NotationError, "there are no values yet to go through", "an axis")
def iteration_over_a_tensor(x, y, i, j):
    list(x)  # list(x)


@case(NotationError, "there are no values yet to go through", "an axis")
def iteration_over_an_expression(x, y, i, j):
    a, b = x[i, j]  # a, b
    y[i, j] = a + b


@case(NotationError, "this has no length yet", "P.shape[0]")
def the_length_of_a_tensor(x, y, i, j):
    y[i, j] = len(x)  # len(x)


@case(NotationError, "Python's `max` compares values", "ur.maximum(a, b), or ur.max[k](a)")
def max_of_python(x, y, i, j):
    y[i, j] = max(x[i, j], 0)  # max(x[i, j], 0)


@case(NotationError, "`@` is not part of the notation", "ur.sum[k](A[i, k]*B[k, j])")
def a_matrix_product(x, y, i, j):
    y[i, j] = x @ x  # x @ x


@case(NotationError, "this is a value, not a function", "square brackets")
def round_brackets(x, y, i, j):
    y[i, j] = x(i, j)  # x(i, j)


@case(NotationError, "only tensors have subscripts", "a tensor of its own")
def subscripts_of_an_expression(x, y, i, j):
    y[i, j] = (x[i, j] + 1)[i]  # (x[i, j] + 1)[i]


@case(NotationError, "tensor `x` stands here without subscripts", "x[i, j], with an axis for each dimension")
def a_tensor_as_a_whole(x, y, i, j):
    y[i, j] = x + 1  # x + 1


@case(NotationError, "slices are not part of the notation", "one axis for each dimension")
def a_slice(x, y, i, j):
    y[i] = ur.sum[j](x[i, 1:3])  # x[i, 1:3]


@case(NotationError, "`...` is not part of the notation", "an axis for each dimension")
def an_ellipsis(x, y, i, j):
    y[i] = x[i, ...]  # x[i, ...]


@case(NotationError, "'j' can't stand in an expression", "an axis")
def a_string_as_subscript(x, y, i, j):
    y[i] = x[i, "j"]  # x[i, "j"]


@case(NotationError, "None can't stand in an expression", "an axis")
def none_as_subscript(x, y, i, j):
    y[i] = x[i, None]  # x[i, None]


@case(NotationError, "a tuple can't stand in an expression", "one of its parts")
def the_tuple_of_an_argmax(x, y, i, j):
    y[()] = ur.argmax[i, j](x[i, j])  # y[()]


@case(NotationError, "the number does not fit 64 bits", "a float")
def a_huge_number(x, y, i, j):
    y[i, j] = x[i, j] + 2**64  # x[i, j] + 2**64


@case(ur.DTypeError, "has a part that is no finite number", "a finite number")
def a_complex_infinity(x, y, i, j):
    y[i, j] = x[i, j] * complex(0, ur.inf)  # x[i, j] * complex(0, ur.inf)


@case(NotationError, "nested deeper than 128", "a reduction over an axis in place of a Python loop")
def a_long_python_loop(x, y, i, j):
    total = 0
    for _ in range(200):
        total = total + x[i, j]  # total + x[i, j]
    y[i, j] = total


@case(NotationError, "of more than 100000 parts", "a tensor of its own for a part")
def an_expression_that_doubles(x, y, i, j):
    e = x[i, j]
    for _ in range(60):
        e = e * e  # e * e
    y[i, j] = e


@pytest.mark.parametrize("name", CASES)
def test_the_error_says_what_where_and_what_to_try(name, judge):
    judge(*CASES[name])
