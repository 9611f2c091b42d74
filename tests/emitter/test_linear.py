# SPDX-License-Identifier: Apache-2.0
"""Index arithmetic: linear forms keep values, proofs and simplification are never wrong. Held against all places."""

from __future__ import annotations

import itertools
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from unrut.emitter.graph.linear import call, expression, linear, number
from unrut.emitter.graph.ranges import at_least_zero, bounds, conjuncts, range_known
from unrut.emitter.graph.simplify import simplify
from unrut.program.extents import Extent
from unrut.program.nodes import AxisValue, Const, Where
from unrut.program.types import DType
from unrut.testing.scalar_machine import compile_expression

EXTENTS = {"i": 4, "j": 3, "k": 1}
BOOL = partial(call, dtype=DType.bool)

leaves = st.one_of(st.sampled_from([AxisValue(axis=a) for a in EXTENTS]), st.integers(-4, 6).map(number))


def grow(parts):
    pair = st.tuples(parts, parts)
    return st.one_of(
        pair.map(lambda p: call("add", *p)),
        pair.map(lambda p: call("subtract", *p)),
        pair.map(lambda p: call("maximum", *p)),
        pair.map(lambda p: call("minimum", *p)),
        st.tuples(st.integers(-3, 3), parts).map(lambda p: call("multiply", number(p[0]), p[1])),
        st.tuples(parts, st.integers(1, 4)).map(lambda p: call("floor_divide", p[0], number(p[1]))),
        st.tuples(parts, st.integers(1, 4)).map(lambda p: call("remainder", p[0], number(p[1]))),
        st.tuples(conditions(parts), parts, parts).map(
            lambda p: Where(condition=p[0], then=p[1], otherwise=p[2], dtype=DType.i64)
        ),
    )


def conditions(parts):
    names = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
    one = st.tuples(st.sampled_from(names), parts, parts).map(lambda p: BOOL(*p))
    return st.one_of(one, st.tuples(one, one).map(lambda p: BOOL("bitwise_and", *p)))


indices = st.recursive(leaves, grow, max_leaves=10)


def everywhere(expr):
    value = compile_expression(expr, None, {}, {})
    for place in itertools.product(*(range(n) for n in EXTENTS.values())):
        yield place, value(dict(zip(EXTENTS, place, strict=True)))


KNOWN = range_known({name: Extent(constant=n) for name, n in EXTENTS.items()})


@settings(max_examples=200, deadline=None)
@given(indices)
def test_linear_forms_keep_the_value(expr):
    assert list(everywhere(expression(linear(expr)))) == list(everywhere(expr))


@settings(max_examples=200, deadline=None)
@given(indices)
def test_simplification_keeps_the_value(expr):
    assert list(everywhere(simplify(expr, KNOWN))) == list(everywhere(expr))


@settings(max_examples=200, deadline=None)
@given(conditions(indices), indices)
def test_what_is_simplified_under_a_condition_holds_where_it_does(condition, expr):
    holds = dict(everywhere(condition))
    simpler = dict(everywhere(simplify(expr, KNOWN.given(condition))))
    assert all(simpler[place] == value for place, value in everywhere(expr) if holds[place])


@settings(max_examples=200, deadline=None)
@given(indices)
def test_bounds_hold_and_proofs_are_right(expr):
    values = [value for _, value in everywhere(expr)]
    low, high = bounds(linear(expr), KNOWN)
    assert low is None or low.value() <= min(values)
    assert high is None or high.value() >= max(values)
    if at_least_zero(linear(expr), KNOWN):
        assert min(values) >= 0


def test_conjuncts_of_true_are_none():
    assert conjuncts(Const(value=True, dtype=DType.bool)) == ()


def test_boundary_and_interior_from_one_expression():
    x, k = AxisValue(axis="x"), AxisValue(axis="k")
    place = call("subtract", call("add", x, k), number(1))
    inside = BOOL("bitwise_and", BOOL("greater_equal", place, number(0)), BOOL("less", place, number(9)))
    whole = range_known({"x": Extent(constant=9), "k": Extent(constant=3)})
    assert simplify(inside, whole) != Const(value=True, dtype=DType.bool)
    interior = whole.with_axis("x", 1, 7)
    assert simplify(inside, interior) == Const(value=True, dtype=DType.bool)
