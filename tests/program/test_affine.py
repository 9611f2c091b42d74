# SPDX-License-Identifier: Apache-2.0
"""Affine forms and their intervals against the expressions themselves, evaluated at every place."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from unrut.program.affine import Affine, Floor, affine, axis, number, quotient
from unrut.program.extents import Extent, as_extent, evaluate, named
from unrut.program.intervals import interval
from unrut.program.nodes import AxisValue, Call, Const, Expr, ExtentValue
from unrut.program.types import DType
from unrut.program.values import value_of

I64 = DType.i64
SIZES = {"n": 5, "m": 2}
EXTENTS = {"y": 4, "x": 3, "k": 2}


def call(function: str, *arguments: Expr) -> Expr:
    return Call(function=function, arguments=arguments, dtype=I64)


def expressions() -> st.SearchStrategy[Expr]:
    numbers = st.integers(-4, 4).map(lambda v: Const(value=v, dtype=I64))
    positive = st.integers(1, 5).map(lambda v: Const(value=v, dtype=I64))
    leaf = st.one_of(
        numbers, st.sampled_from("yxk").map(lambda a: AxisValue(axis=a)),
        st.sampled_from("nm").map(lambda s: ExtentValue(extent=named(s))),
    )  # fmt: skip
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(call, st.sampled_from(["add", "subtract"]), inner, inner),
            st.builds(call, st.just("multiply"), numbers, inner),
            st.builds(call, st.sampled_from(["floor_divide", "remainder"]), inner, positive),
            st.builds(call, st.just("negative"), inner),
        ),
        max_leaves=7,
    )


def value(expr: Expr, axes: dict[str, int]) -> int:
    """The meaning, without affine forms."""
    match expr:
        case Const(value=number_):
            return int(number_)
        case AxisValue(axis=name):
            return axes[name]
        case ExtentValue(extent=extent):
            return evaluate(extent, SIZES)
        case Call(function=function, arguments=arguments):
            a, *b = [value(argument, axes) for argument in arguments]
            match function:
                case "add":
                    return a + b[0]
                case "subtract":
                    return a - b[0]
                case "multiply":
                    return a * b[0]
                case "floor_divide":
                    return a // b[0]
                case "remainder":
                    return a % b[0]
                case "negative":
                    return -a
    raise AssertionError(expr)


@given(expr=expressions())
def test_the_form_has_the_value_of_the_expression(expr):
    form = affine(expr)
    assert form is not None
    ends = interval(form, {name: as_extent(extent) for name, extent in EXTENTS.items()})
    low, high = evaluate(ends.low, SIZES), evaluate(ends.high, SIZES)
    for place in itertools.product(*map(range, EXTENTS.values())):
        axes = dict(zip(EXTENTS, place, strict=True))
        assert value_of(form, axes, SIZES) == value(expr, axes)
        assert low <= value(expr, axes) <= high


@given(cy=st.integers(-3, 3), ck=st.integers(-3, 3), b=st.integers(-3, 3), c=st.integers(1, 4))
def test_intervals_are_reached_where_each_axis_occurs_once(cy, ck, b, c):
    form = quotient(axis("y") * cy + number(b), c) + axis("k") * ck
    if cy % c == 0 or all(atom == "k" or (isinstance(atom, Floor)) for _, atom in form.terms):
        ends = interval(form, {"y": as_extent(4), "k": as_extent(2)})
        values = [value_of(form, {"y": y, "k": k}) for y in range(4) for k in range(2)]
        assert (ends.low.value(), ends.high.value()) == (min(values), max(values))


def test_forms_are_canonical():
    y, k = axis("y"), axis("k")
    assert y + k - y == k
    assert quotient(y * 4 + k * 2 + number(6), 2) == y * 2 + k + number(3)
    assert (y * 2 + k - number(1)).coefficient("y") == 2
    assert (y + number(0)).bare == "y"
    assert (y + number(1)).bare is None
    assert str(y * 2 + k - number(1)) == "2*y + k - 1"
    assert str(quotient(y + number(1), 2) * 3 + number(named("n"))) == "3*((y + 1)//2) + n"
    assert affine(call("multiply", AxisValue(axis="y"), AxisValue(axis="k"))) is None
    assert affine(call("floor_divide", AxisValue(axis="y"), Const(value=0, dtype=I64))) is None
    assert Affine(constant=Extent()) == number(0)
