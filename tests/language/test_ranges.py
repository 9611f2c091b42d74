# SPDX-License-Identifier: Apache-2.0
"""Inferred ranges against brute force: the largest range from 0 for which no read leaves its operand.

Brute force knows nothing of bounds: it evaluates the subscripts as they are written, at every place.
"""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrut.errors import AxisError, RangeError, ShapeError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.extents import evaluate
from unrut.program.nodes import Reduce
from unrut.program.walk import subexpressions

FAR = 70  # a range that reaches it is taken as unbounded


def stays_inside(subscripts: list[str], extents: dict[str, int], dimensions: list[int]) -> bool:
    """Whether every subscript is inside its dimension at every place of the axes that it mentions."""
    for subscript, dimension in zip(subscripts, dimensions, strict=True):
        names = sorted(set(re.findall(r"[a-z]+", subscript)))
        for place in itertools.product(*(range(extents[name]) for name in names)):
            value = eval(subscript, {}, dict(zip(names, place, strict=True)))  # noqa: S307 - this file's own texts
            if not 0 <= value < dimension:
                return False
    return True


def largest_range(axis: str, subscripts: list[str], known: dict[str, int], dimensions: list[int]) -> int:
    return max(n for n in range(FAR) if stays_inside(subscripts, {**known, axis: n}, dimensions))


def extents_of(text: str, sizes: dict[str, int] | None = None) -> dict[str, int]:
    """The extents of all axes of a program of one statement, run-time sizes put in."""
    program = elaborate(parse(text))
    [statement] = program.statements
    axes = list(statement.axes)
    axes += [axis for e in subexpressions(statement.body) if isinstance(e, Reduce) for axis in e.axes]
    return {axis.name: evaluate(axis.extent, sizes or {}) for axis in axes}


@st.composite
def subscripts_of_one_unknown(draw: st.DrawFn) -> tuple[str, int]:
    """A subscript of y (unknown) and of k (known), and an operand that holds at least y = 0, for every k."""
    inner = draw(
        st.sampled_from(["y", "2*y", "3*y", "(y + 1)//2", "y//2", "y//3", "(2*y + 1)//3", "2*(y//2)", "(y//2 + 1)//2"])
    )
    rest = draw(st.sampled_from(["", " + k", " + 2*k", " - k + 3", " + k//2", " + 2 - k % 2", " + k % 3", " + 1"]))
    reverse = draw(st.booleans())
    if reverse:
        return f"{draw(st.integers(6, 12))}{rest} - {inner}", 30
    return inner + rest, draw(st.integers(8, 14))


@given(reads=st.lists(subscripts_of_one_unknown(), min_size=1, max_size=3), k=st.integers(1, 4))
def test_affine_reads_bound_an_axis_as_brute_force_does(reads, k):
    subscripts, dimensions = [r[0] for r in reads], [r[1] for r in reads]
    operands = ", ".join(f"P{n}: f32[{d}]" for n, d in enumerate(dimensions))
    subscripts = [s if s != "y" else "1*y" for s in subscripts]  # a bare one would fix the range
    body = " + ".join(f"P{n}[{s}]" for n, s in enumerate(subscripts))
    statement = f"axis k: K.shape[0]\nV[y] = sum[k]({body} + 0*K[k])"
    fixed = extents_of(f"f({operands}, K: f32[{k}]) -> V\n{statement}")
    assert fixed["y"] == largest_range("y", subscripts, {"k": k}, dimensions)

    named = ", ".join(f"P{n}: f32[d{n}]" for n in range(len(dimensions)))
    sizes = {"q": k, **{f"d{n}": d for n, d in enumerate(dimensions)}}
    assert extents_of(f"f({named}, K: f32[q]) -> V\n{statement}", sizes) == fixed


@given(
    n=st.integers(1, 9),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    pad=st.integers(0, 2),
)
def test_a_window_through_an_intermediate(n, kernel, stride, dilation, pad):
    """U bounds nothing of itself: its extent is that of its own statement, solved first or in the same round."""
    text = (
        f"f(P: f32[{{n}}], W: f32[{{k}}]) -> V\nV[y] = sum[k](U[{stride}*y + {dilation}*k]*W[k])\nU[z] = P[z + {pad}]\n"
    )
    fixed = elaborate(parse(text.format(n=n, k=kernel)))
    named = elaborate(parse(text.format(n="n", k="k")))
    u = max(0, n - pad)
    v = max(0, (u - 1 - dilation * (kernel - 1)) // stride + 1)
    for program in (fixed, named):
        sizes = {"n": n, "k": kernel}
        assert evaluate(program.shape_of("U")[0], sizes) == u
        assert evaluate(program.shape_of("V")[0], sizes) == v
    assert not named.preconditions


@given(
    order=st.permutations(
        ["V[y] = T[y] + 2*U[y + 1]", "T[y] = sum[k](P[y + k]*W[k])", "U[x] = T[2*x] + P[x]*S[x]", "S[x] = P[x + 0]"]
    )
)
def test_the_order_of_statements_means_nothing(order):
    text = "f(P: f32[12], W: f32[3]) -> V\n"
    with pytest.raises(ShapeError) as error:  # S has 12 places, T has 10, both read at x
        elaborate(parse(text + "\n".join(s.replace("P[x]*S[x]", "S[x]*S[x - 0] + T[x]") for s in order)))
    assert "axis `x`" in error.value.message
    fixed = [s.replace(" + P[x]*S[x]", "*S[x + 0]").replace("T[y] +", "T[y + 0] +") for s in order]
    program = elaborate(parse(text + "\n".join(fixed)))
    assert {s.target: s.shape[0].value() for s in program.statements} == {"S": 12, "T": 10, "U": 5, "V": 4}


@pytest.mark.parametrize(
    ("statement", "extents"),
    [
        ("V[y] = P[y]", {"y": 10}),
        ("V[y] = P.outside(0.0)[y]", {"y": 10}),
        ("V[y] = P[2*y]", {"y": 5}),
        ("V[y] = P[y//2]", {"y": 20}),
        ("V[y] = P[9 - y]", {"y": 10}),
        ("V[y, x] = Q[y, x] + P[y + x]", {"y": 3, "x": 4}),
        ("V[y] = sum[k](P[y + k]*Q[k, 0])", {"y": 8, "k": 3}),
        ("V[y] = P[y + 20]", {"y": 0}),
        ("V[y, x] = P[2*y]*Q[x + 1, y + 1]", {"y": 3, "x": 2}),
        ("V[y] = max[k](P[2*y - k + 2]*Q[k, 1])", {"y": 4, "k": 3}),
        ("V[y] = sum[k](P[k]) + sum[k](Q[k, y])", {"y": 4, "k": 3}),
    ],
)
def test_ranges_by_the_rules(statement, extents):
    assert extents_of(f"f(P: f32[10], Q: f32[3, 4]) -> V\n{statement}") == extents


@pytest.mark.parametrize(
    ("statement", "error", "words"),
    [
        ("V[y] = P[y] + Q[y, y]", ShapeError, "axis `y` has extent 10 here and 3 there"),
        ("V[y] = P[y % 3]", AxisError, "axis `y` has no range"),
        ("V[y] = P.outside(0.0)[y - 1]", AxisError, "axis `y` has no range"),
        ("V[y, x] = P[y + x]", AxisError, "axis `x` has no range"),
        ("V[y] = Q[0, 1]", AxisError, "it stands in no subscript"),
        ("V[y] = P[cast(abs(V[y - 1]), i32) % 5] + V[y - 1]", AxisError, "reads of `V` in its own circle are checked"),
        (
            "V[y] = P[y] + sum[s](V[s])\naxis s: .. y",
            AxisError,
            "axis `s` has no range: reads of `V` in its own circle",
        ),
        (
            "V[y] = P[y] + sum[s](V[y - s])\naxis s: 9, 1 .. cast(P[y], i32)",
            RangeError,
            "which data give, can't be followed",
        ),
        ("V[y] = P[y] + P[y + 1]", RangeError, "`y + 1` goes up to 10"),
    ],
)
def test_what_can_not_be_inferred(statement, error, words):
    with pytest.raises(error, match=re.escape(words)):
        elaborate(parse(f"f(P: f32[10], Q: f32[3, 4]) -> V\n{statement}"))


def test_a_range_given_by_hand_wins_and_is_checked():
    assert extents_of("f(P: f32[10]) -> V\naxis y: 7\nV[y] = P[y] + P[y + 3]") == {"y": 7}
    with pytest.raises(RangeError, match="`y` goes up to 10"):
        elaborate(parse("f(P: f32[10]) -> V\naxis y: P.shape[0] + 1\nV[y] = P[y]"))
    program = elaborate(parse("f(P: f32[n]) -> V\naxis y: 7\nV[y] = P[y]"))
    [needed] = program.preconditions
    assert (str(needed.left), needed.relation.value, str(needed.right)) == ("6", "<=", "n - 1")


def test_run_time_sizes_that_must_be_equal_are_unified():
    program = elaborate(parse("f(A: f32[n, a], B: f32[b, m], C: f32[c]) -> V\nV[i, j] = sum[k](A[i, k]*B[k, j]*C[k])"))
    assert [(str(p.left), p.relation.value, str(p.right)) for p in program.preconditions] == [
        ("b", "==", "a"),
        ("c", "==", "a"),
    ]
    reduce = program.statement("V").body
    assert isinstance(reduce, Reduce)
    assert str(reduce.axes[0].extent) == "a"
    program = elaborate(parse("f(A: f32[n, a], B: f32[4, m]) -> V\nV[i, j] = sum[k](A[i, k]*B[k, j])"))
    assert [(str(p.left), str(p.right)) for p in program.preconditions] == [("a", "4")]
