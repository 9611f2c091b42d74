# SPDX-License-Identifier: Apache-2.0
"""Two versions part where they were made to, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import unrut as ur
import unrut.ops
from unrut.bound import Bound
from unrut.debugging.patterns import relation
from unrut.errors import BindError
from unrut.program.nodes import Call, Const, Program, Role, Statement
from unrut.program.types import DType
from unrut.reference import evaluate, evaluate_with_bounds
from unrut.testing.cases import draw_case
from unrut.testing.programs import programs

f32 = np.float32
NORMAL = """f(x: f32[n, c]) -> y
mean[n] = sum[c](x[n, c])/x.shape[1]
var[n] = sum[c]((x[n, c] - mean[n])**2)/x.shape[1]
y[n, c] = (x[n, c] - mean[n])/sqrt(var[n])
"""
X = np.random.default_rng(0).normal(size=(3, 5)).astype(f32)


def changed(old: str, new: str) -> ur.Op:
    assert old in NORMAL
    return ur.parse(NORMAL.replace(old, new))


def test_the_first_statement_is_named_with_what_differs():
    found = ur.compare(
        ur.parse(NORMAL), changed("var[n] = sum[c]((x[n, c] - mean[n])**2)", "var[n] = sum[c]((x[n, c])**2)"), X
    )
    assert found.parting.first == "var"
    assert found.pair("mean").beyond == 0
    assert not found.agrees
    assert found.differences[0].what == "sum"
    assert "mean[" in found.differences[1].first
    assert "mean[" not in found.differences[1].second
    assert "part at `var[" in found.show()


def test_reads_at_other_places_are_shown_side_by_side():
    one = ur.parse("f(a: f32[3, 3], b: f32[3, 3]) -> y\ny[i, j] = sum[k](a[i, k]*b[k, j])")
    two = ur.parse("f(a: f32[3, 3], b: f32[3, 3]) -> y\ny[i, j] = sum[k](a[i, k]*b[j, k])")
    found = ur.compare(one, two, np.eye(3, dtype=f32), np.arange(9, dtype=f32).reshape(3, 3))
    row, column = found.parting.place
    wrong = next(d for d in found.differences if d.what == f"k={row}")
    assert f"b[{row}, {column}]" in wrong.first
    assert f"b[{column}, {row}]" in wrong.second


def test_numbers_of_terms_are_compared():
    one, two = (ur.parse(f"f(x: f32[6]) -> y\naxis k: {k}\naxis i: 2\ny[i] = sum[k](x[i + k])") for k in (2, 3))
    found = ur.compare(one, two, np.ones(6, f32))
    assert any(
        d.what == "terms" and d.first == "2 terms (k < 2)" and d.second == "3 terms (k < 3)" for d in found.differences
    )


def test_names_may_differ_where_order_tells():
    renamed = ur.parse(
        NORMAL.replace("mean", "mu").replace("var", "spread").replace("y[", "out[").replace("> y", "> out")
    )
    found = ur.compare(ur.parse(NORMAL), renamed, X)
    assert found.agrees
    assert [(p.first, p.second) for p in found.pairs] == [("mean", "mu"), ("var", "spread"), ("y", "out")]


def test_tensors_that_only_one_has_are_no_difference():
    short = ur.parse("f(x: f32[n, c]) -> y\ny[n, c] = x[n, c]*2")
    long = ur.parse("f(x: f32[n, c]) -> y\nt[n, c] = x[n, c]*4\ny[n, c] = t[n, c]/2")
    assert ur.compare(short, long, X).agrees
    assert "only the second has it" in ur.compare(short, long, X).show()
    assert "only the first has it" in ur.compare(long, short, X).show()


def test_another_shape_is_a_difference():
    one = ur.parse("f(x: f32[n, c]) -> y\ny[n, c] = x[n, c]")
    two = ur.parse("f(x: f32[n, c]) -> y\ny[c, n] = x[n, c]")
    assert "its shape is (3, 5) here and (5, 3) there" in ur.compare(one, two, X).show()


def test_dtypes_agree_within_the_bounds_and_doubt_is_told():
    op = ur.parse(NORMAL.replace("f32", "f32").replace("x: f32[n, c]", "x"))
    single, double = op.bind(X), op.bind(X.astype(np.float64))
    assert ur.compare(single, double).agrees
    assert "but from" not in ur.compare(single, double).show()
    naive = ur.parse("f(x) -> v\nm[n] = sum[c](x[n, c])/5\nv[n] = sum[c](x[n, c]**2)/5 - m[n]**2")
    far = X + f32(1000)
    found = ur.compare(naive.bind(far), naive.bind(far.astype(np.float64)))
    assert found.agrees
    assert "but from `v` on these are wide" in found.verdict()


def test_arrays_that_are_known_to_be_right():
    op = ur.parse(NORMAL)
    y = (X - X.mean(1, keepdims=True)) / X.std(1, keepdims=True)
    assert ur.compare(op.bind(X), y).agrees
    wrong = y.copy()
    wrong[1, 2] += 1
    found = ur.compare(op.bind(X), {"y": wrong})
    assert found.parting.place == (1, 2)
    assert found.explanations[0].place == {"n": 1, "c": 2}
    with pytest.raises(BindError, match="defines no tensor `z`"):
        ur.compare(op.bind(X), {"z": y})


def test_without_arrays_there_is_nothing_to_compare_on():
    with pytest.raises(BindError, match="no arrays to be compared on"):
        ur.compare(ur.ops.matmul.bind("f32[2, 3]", "f32[3, 2]"), ur.ops.matmul.bind("f32[2, 3]", "f32[3, 2]"))


def test_html_is_well_formed_and_escaped(well_formed):
    odd = ur.parse(NORMAL.replace("/sqrt", "*sqrt"), '"<i>&.txt')
    tree = well_formed(ur.compare(ur.parse(NORMAL), odd, X)._repr_html_())
    assert "part at `y[" in "".join(tree.itertext())
    well_formed(ur.compare(ur.parse(NORMAL), ur.parse(NORMAL), X)._repr_html_())


def planted(program: Program, target: str) -> Program:
    """The program with one more at every element of one tensor."""

    def other(s: Statement) -> Statement:
        if s.target != target or s.role is not Role.defines:
            return s
        if s.dtype is DType.bool:
            return replace(s, body=Call(function="invert", arguments=(s.body,), dtype=s.dtype))
        one = Const(value=1 if not s.dtype.is_float else 1.0, dtype=s.dtype)
        return replace(s, body=Call(function="add", arguments=(s.body, one), dtype=s.dtype))

    return replace(program, statements=tuple(map(other, program.statements)))


@settings(max_examples=40, deadline=None)
@given(sample=programs(exact=True), seed=st.integers(0, 2**31), data=st.data())
def test_a_planted_difference_is_found_in_random_programs(sample, seed, data):
    case = draw_case(sample, seed=seed)
    values = evaluate(case.program, case.arrays, case.scalars, every=True)
    target = data.draw(st.sampled_from(list(values)))
    assume(values[target].size and np.isfinite(values[target]).all())
    with np.errstate(over="ignore"):
        assume(np.abs(values[target]).max() < 2**20)
    both = (case.program, planted(case.program, target))
    for program in both:  # one more is one more only where it is not rounded away
        assume(not evaluate_with_bounds(program, case.arrays, case.scalars, every=True)[target].bound.any())
    one, two = (Bound(p, case.arrays, case.scalars) for p in both)
    assert ur.compare(one, one).agrees
    found = ur.compare(one, two)
    assert found.parting is not None
    assert found.parting.first == found.parting.second == target
    assert re.search(rf"part at `{target}", found.show())


def test_of_a_recurrence_the_earliest_step_is_named():
    text = "f(x: f32[6, 3]) -> h\nh[-1, b] = 0.0\nu[t, b] = h[t - 1, b]*2\nh[t, b] = u[t, b] + x[t, b]{}"
    found = ur.compare(ur.parse(text.format("")), ur.parse(text.format("*where(t == 2, 3, 1)")), np.ones((6, 3), f32))
    assert (found.parting.first, found.parting.step) == ("h", (2,))


B = np.random.default_rng(3).normal(size=(6, 6)).astype(f32)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("2*x[i, j]", "2 times the second"),
        ("-x[i, j]", "the negative"),
        ("x[i, j] + 1", "plus 1 everywhere"),
        ("x[j, i]", "`i` and `j` exchanged"),
        ("x[5 - i, j]", "backwards along `i`"),
        ('x.outside("edge")[i, j + 1]', "at `j + 1`"),
        ('x.outside("edge")[i - 2, j]', "at `i - 2`"),
        ("x[i, j]**2", ""),
    ],
)
def test_simple_relations_are_said(wrong, said):
    head = "f(x: f32[6, 6]) -> y\naxis i: 6\naxis j: 6\n"
    found = ur.compare(ur.parse(f"{head}y[i, j] = {wrong}"), ur.parse(f"{head}y[i, j] = x[i, j]"), B)
    assert bool(found.parting.relation) == bool(said)
    assert said in found.show()


def test_shares_along_another_axis():
    text = "f(x: f32[6, 6]) -> y\ny[i, j] = softmax(x[i, j], along={})"
    found = ur.compare(ur.parse(text.format("i")), ur.parse(text.format("j")), B)
    assert found.parting.relation == "the first adds up to 1 along `i`, the second along `j`"


MATMUL = ur.parse("f(A, B) -> C\nC[i, j] = sum[k](A[i, k]*B[k, j])")


def test_rounded_operands_are_named_first_and_no_relation_is_made_up():
    random = np.random.default_rng(0)
    for shape in ((4, 8), (40, 64), (3, 3)):
        A, B = (random.normal(size=s).astype(f32) for s in (shape, shape[::-1]))
        for shift in (0, 1):
            half = (x.astype(np.float16) for x in (A + f32(shift), B))
            found = ur.compare(MATMUL.bind(*half), MATMUL.bind(A + f32(shift), B))
            assert found.parting is None or found.parting.relation == ""
            assert found.show().startswith("operand `A` differs: ")
            assert "(f16 here, f32 there)" in found.operands[0]
            assert found.operands[1].startswith("operand `B` differs: ")
    assert ur.compare(MATMUL, MATMUL, A, B).operands == ()


def test_a_shift_or_factor_within_rounding_is_no_relation():
    b = np.linspace(1, 2, 12).reshape(3, 4)
    noise = np.linspace(-1e-3, 1e-3, 12).reshape(3, 4)
    bound = np.full(b.shape, 4e-4)
    assert relation(b + 6e-4 + noise / 10, b, bound, "ij") == ""
    assert relation(b * 1.0006, b, bound, "ij") == ""
    assert relation(b + 0.5, b, bound, "ij") == "the first is the second plus 0.5 everywhere"
    assert relation(b * 1.5, b, bound, "ij") == "the first is 1.5 times the second everywhere"


def test_an_addition_that_differs_is_what_is_shown():
    texts = [f"{name}(x, q) -> y\ny[i] = 0\ny[q[e]] += {by}x[e]\naxis i: 4" for name, by in (("a", ""), ("b", "2*"))]
    arrays = np.float32([1, 2, 3]), np.int32([0, 1, 1])
    found = ur.compare(*(ur.parse(text).bind(*arrays) for text in texts))
    assert found.statements == ("y[q[e]] += x[e]", "y[q[e]] += 2*x[e]")


def test_an_addition_that_one_version_lacks_is_shown_alone():
    texts = ["a(x) -> y\ny[i] = 0\ny[2*e] += x[e]\naxis i: 6", "b(x) -> y\ny[i] = 0*x[0]\naxis i: 6"]
    found = ur.compare(*(ur.parse(text).bind(np.float32([1, 2, 3])) for text in texts))
    assert found.parting is not None
    assert all(found.statements[:1])
