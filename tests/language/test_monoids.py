# SPDX-License-Identifier: Apache-2.0
"""Monoids of one's own, traced and in text: what they mean, and what is told to those who get them wrong."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.errors import NotationError
from unrut.program.fold_nodes import Fold
from unrut.program.types import DType


def chan(a, b):
    n = a.n + b.n
    return {
        "n": n,
        "mean": a.mean + (b.mean - a.mean) * b.n / n,
        "m2": a.m2 + b.m2 + (b.mean - a.mean) ** 2 * a.n * b.n / n,
    }


WELFORD = ur.monoid(
    identity={"n": 0, "mean": 0, "m2": 0},
    lift=lambda x: {"m2": 0, "n": 1, "mean": x},
    combine=chan,
    finish=lambda s: s.m2 / s.n,
)
LAST = ur.monoid(identity=-1, combine=lambda a, b: b)


def op_of(monoid, *arguments, **options):
    """An op that folds `x[i, j]` over j."""

    def folded(x):
        i, j = ur.axes("i j")
        found = monoid[j](*(make(x, i, j) for make in arguments), **{k: make(x, i, j) for k, make in options.items()})
        results = []
        for k, value in enumerate(found if isinstance(found, tuple) else (found,)):
            results.append(ur.tensor(f"y{k}"))
            results[-1][i] = value
        return tuple(results)

    return ur.op(folded)


def element(x, i, j):
    return x[i, j]


X = np.array([[1, 2, 6], [4, 4, 4]], np.float32)


def test_variance():
    np.testing.assert_allclose(op_of(WELFORD, element).reference(X), X.var(axis=1), rtol=1e-7)


@pytest.mark.parametrize(
    ("identity", "lift", "combine", "finish"),
    [
        ((0, 0), lambda x: (x, 1), lambda a, b: (a[0] + b[0], a[1] + b[1]), lambda s: s[0] / s[1]),
        ([0, 0], lambda x: [x, 1], lambda a, b: [a[-2] + b["v0"], a.v1 + b.v1], lambda s: s.v0 / s.v1),
        ({"t": 0, "n": 0}, lambda x: (x, 1), lambda a, b: {"n": a.n + b.n, "t": a.t + b.t}, lambda s: s["t"] / s["n"]),
        ((0, 0), lambda x: (x, 1), lambda a, b: tuple(p + q for p, q in zip(a, b, strict=True)), lambda s: s[0] / s[1]),
    ],
)
def test_states_by_position_and_by_name(identity, lift, combine, finish):
    mean = ur.monoid(identity=identity, lift=lift, combine=combine, finish=finish)
    np.testing.assert_array_equal(op_of(mean, element).reference(X), [3, 4])


def test_without_lift_the_values_are_the_states_and_without_finish_the_states_are_the_result():
    pairs = ur.monoid(
        identity={"low": ur.inf, "high": -ur.inf},
        combine=lambda a, b: (ur.minimum(a.low, b.low), ur.maximum(a.high, b.high)),
    )
    low, high = op_of(pairs, element, element).reference(X)
    np.testing.assert_array_equal([low, high], [[1, 4], [6, 4]])
    np.testing.assert_array_equal(op_of(LAST, element).reference(X), [6, 4])


def test_lift_may_use_axes_reads_and_scalars():
    @ur.op
    def weighted(x, w, *, tau=2.0):
        i, j = ur.axes("i j")
        y = ur.tensor("y")
        total = ur.monoid(identity=0, lift=lambda e: e * w[j] + tau * i, combine=lambda a, b: a + b)
        y[i] = total[j](x[i, j])
        return y

    w = np.array([1, 10, 100], np.float32)
    np.testing.assert_array_equal(weighted.reference(X, w), X @ w + 2 * 3 * np.arange(2))


def test_text_reads_back():
    program = op_of(WELFORD, element, where=lambda x, i, j: x[i, j] > 1).program("f32[n, 3]")
    text = op_of(WELFORD, element, where=lambda x, i, j: x[i, j] > 1).show("f32[n, 3]")
    assert "fold[j](n=1, mean=x[i, j], m2=0, identity=(0, 0, 0), combine=lambda a, b: (a.n + b.n, " in text
    assert ", finish=lambda s: s.m2/s.n, where=x[i, j] > 1)" in text
    assert ur.parse(text).program() == program


def test_names_of_lambdas_give_way():
    fold = "fold[i](k=a[i], identity=0, combine=lambda p, q: p.k + q.k*s, finish=lambda r: r.k)"
    text = f"op(a: f32[2], s: scalar) -> y\ny = {fold}\n"
    shown = ur.parse(text).show()
    assert "combine=lambda a2, b: a2.k + b.k*s, finish=lambda s2: s2.k" in shown
    assert ur.parse(shown).program() == ur.parse(text).program()


def states_of(text):
    fold = ur.parse(text).program().statements[0].body
    assert isinstance(fold, Fold)
    return {state.name: state.dtype for state in fold.states}, fold.dtype


@pytest.mark.parametrize(
    ("lift", "identity", "combine", "states", "dtype"),
    [
        ("k=x[i]", "0", "a.k + b.k", "f32", "f32"),
        ("k=i", "0", "a.k + b.k", "i64", "i64"),
        ("k=x[i], n=1", "(0, 0)", "(a.k + b.k/b.n, a.n + b.n)", "f32 i64", "f32"),
        ("k=h[i]*h[i]", "1", "a.k*b.k", "i64", "i64"),
        ("k=h[i] > 0", "False", "a.k | b.k", "bool", "bool"),
        ("k=h[i] > 0", "False", "a.k + 1", "i64", "i64"),
        ("k=0, n=x[i]", "(0, 0)", "(a.k + b.n, a.n + b.n)", "f32 f32", "f32"),
        ("k=0, n=0, m=x[i]", "(0, 0, 0)", "(a.k + b.n, a.n + b.m, a.m)", "f32 f32 f32", "f32"),
        ("k=x[i], n=d[i]", "(0, 0)", "(a.k*b.n, b.n)", "f64 f64", "f64"),
    ],
)
def test_dtypes_are_the_least_fixed_point(lift, identity, combine, states, dtype):
    fold = f"fold[i]({lift}, identity={identity}, combine=lambda a, b: {combine}, finish=lambda s: s.k)"
    found, result = states_of(f"op(x: f32[3], h: i32[3], d: f64[3]) -> y\ny = {fold}\naxis i: 3")
    assert [d.name for d in found.values()] == states.split()
    assert result is DType[dtype]


def test_a_count_takes_the_dtype_that_it_meets():
    count = "fold[j](n=1, identity=0, combine=lambda a, b: a.n + b.n, finish=lambda s: s.n)"
    _, dtype = states_of(f"op(x: f32[3]) -> y\ny = {count}\naxis j: 3")
    assert dtype is DType.i64
    program = ur.parse(f"op(x: f32[3]) -> y\ny[i] = x[i]/{count}\naxis j: 3").program()
    assert program.dtype_of("y") is DType.f32


SUM = ur.monoid(identity=(0, 0), lift=lambda x, w: (x, w), combine=lambda a, b: (a[0] + b[0], a[1] + b[1]))


def test_lift_takes_other_values(judge):
    def op(x, y, i, j):
        y[i] = SUM[j](x[i, j])  # SUM[j](x[i, j])

    judge(op, NotationError, "`lift` of a monoid takes 2 values, and is given 1", "as many expressions")


def test_combine_gives_other_values(judge):
    bad = ur.monoid(identity=(0, 0), combine=lambda a, b: a[0] + b[0])

    def op(x, y, i, j):
        y[i] = bad[j](x[i, j], 1)  # bad[j](x[i, j], 1)

    judge(op, NotationError, "`combine` of a monoid gives 1 value, it has 2 states", "one value for each state: v0, v1")


def test_combine_gives_other_names(judge):
    bad = ur.monoid(identity={"n": 0}, combine=lambda a, b: {"m": a.n})

    def op(x, y, i, j):
        y[i] = bad[j](x[i, j])  # bad[j](x[i, j])

    judge(op, NotationError, "`combine` of a monoid gives m, its states are n", "the same names")


def test_combine_forgets_to_return(judge):
    bad = ur.monoid(identity=0, combine=lambda a, b: None)

    def op(x, y, i, j):
        y[i] = bad[j](x[i, j])  # bad[j](x[i, j])

    judge(op, NotationError, "`combine` of a monoid returns nothing", "a value for each state")


def test_combine_reads(judge):
    def op(x, y, i, j):
        bad = ur.monoid(identity=0, combine=lambda a, b: a + b * x[0, 0])
        y[i] = bad[j](x[i, j])  # bad[j](x[i, j])
        return y

    with pytest.raises(NotationError, match=r"`combine` of a monoid is made of states.*; here is a read of `x`"):
        ur.op(_with_x(op)).program("f32[2, 3]")


def test_finish_mentions_an_axis():
    def op(x, y, i, j):
        bad = ur.monoid(identity=0, combine=lambda a, b: a + b, finish=lambda s: s * i)
        y[i] = bad[j](x[i, j])
        return y

    with pytest.raises(NotationError, match=r"`finish` of a monoid .*; here is axis `i`") as caught:
        ur.op(_with_x(op)).program("f32[2, 3]")
    assert "the same around the fold" in caught.value.remedy


def _with_x(function):
    def op(x):
        i, j = ur.axes("i j")
        return function(x, ur.tensor("y"), i, j)

    return op


def test_a_state_is_misspelt(judge):
    bad = ur.monoid(
        identity={"n": 0},
        combine=lambda a, b: a.m + b.n,  # a.m
    )

    def op(x, y, i, j):
        y[i] = bad[j](x[i, j])

    with pytest.raises(NotationError, match="there is no state `m`") as caught:
        ur.op(_with_x(op)).program("f32[2, 3]")
    assert caught.value.remedy == "one of n"


def test_axes_are_missing(judge):
    def op(x, y, i, j):
        y[i] = SUM(x[i, j], 1)  # SUM(x[i, j], 1)

    judge(op, NotationError, "a monoid needs its axes in square brackets", "m[k](...)")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"identity": 0, "combine": 3}, "`combine=` of a monoid is a function, not a int"),
        ({"identity": (), "combine": chan}, "at least one state"),
        ({"identity": {"where": 0}, "combine": chan}, "`where` can't be the name of a state: it is a word of `fold`"),
        ({"identity": {"a b": 0}, "combine": chan}, "can't be the name of a state"),
    ],
)
def test_a_monoid_is_none(options, message):
    with pytest.raises(NotationError, match=r"monoid|state") as caught:
        ur.monoid(**options)
    assert message in caught.value.message


C, F = "combine=lambda a, b: a.k + b.k", "finish=lambda s: s.k"


@pytest.mark.parametrize(
    ("fold", "message"),
    [
        ("fold(k=x[i])", "`fold` needs its axes"),
        ("fold[i](x[i], identity=0)", "a fold gives a name to each of its states"),
        (f"fold[i](k=x[i], identity=0, {C})", "a fold needs finish="),
        (f"fold[i](identity=0, {C}, {F})", "a fold needs at least one state"),
        (f"fold[i](k=x[i], identity=0, combine=lambda a: a.k, {F})", "here stands a lambda of 2 names"),
        (f"fold[i](k=x[i], identity=0, combine=max, {F})", "here stands a lambda of 2 names"),
        (f"fold[i](k=x[i], identity=0, combine=lambda a, b: a, {F})", "`a` has states, of which one is meant"),
        (f"fold[i](k=x[i], identity=0, combine=lambda a, b: a.m, {F})", "there is no state `m` here"),
        (f"fold[i](k=x[i], identity=(0, 1), {C}, {F})", "identity= has 2 values, there is 1 state"),
        (f"fold[i](k=x[i], identity=0, {C}, finish=lambda s: sum[j](s.k))", "here is a reduction"),
        (f"fold[i](k=x[i], identity=i, {C}, {F})", "here is axis `i`"),
        (f"fold[i, i](k=x[i], identity=0, {C}, {F})", "`fold` has one axis twice"),
        (f"fold[i](k=x[i], where=x[i], identity=0, {C}, {F})", "where= is f32, not a truth value"),
        (f"sum[i](fold[i](k=x[i], identity=0, {C}, {F}))", "axis `i` is bound a second time by `fold`"),
        (f"fold[i](k=x[i], combine_=1, identity=(0, 0), {C}, {F})", "combine= has 1 value, there are 2 states"),
    ],
)
def test_folds_in_text(fold, message):
    with pytest.raises(ur.UnrutError) as caught:
        ur.parse(f"op(x: f32[3]) -> y\ny = {fold}").program()
    assert message in str(caught.value)
    assert caught.value.places
    assert caught.value.remedy


def test_an_inlined_monoid_keeps_its_states():
    @ur.op
    def variance(x):
        i, j = ur.axes("i j")
        v = ur.tensor("v")
        v[i] = WELFORD[j](x[i, j])
        return v

    @ur.op
    def outer(y):
        (v,) = ur.axes("v")
        z = ur.tensor("z")
        found = variance(y)
        z[v] = found[v] + 1
        return z

    np.testing.assert_allclose(outer.reference(X), X.var(axis=1) + 1, rtol=1e-7)
