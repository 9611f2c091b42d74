# SPDX-License-Identifier: Apache-2.0
"""Proofs that reads stay inside, held against what really happens at every place; and the limits of sizes."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unrut.errors import NotationError, RangeError, ShapeError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.extents import evaluate
from unrut.program.nodes import Program, Relation

FORMS = [
    "y", "y + k", "2*y + k - 1", "y - k", "y//2", "(y + k)//2", "(y - k)//2", "y % 3", "(y + 1) % 3 + k", "n - 1 - y",
    "2*y", "3*(y//3)", "y + 2*k - 3", "(2*y + 1)//3", "4 - k", "y//2 + k//2", "0", "n//2",
]  # fmt: skip
GUARDS = [
    "y < n", "y + k < n", "y >= k", "k <= y", "y + k >= 1", "2*y < n", "y % 2 == 0", "(y - k) % 2 == 0", "y//2 < n",
    "y == k", "y != 0", "2*y + k - 1 < n", "2*y + k >= 1", "y - k < 2*n", "~(y < k)", "~((y < k) | (y >= n))", "y < 5",
]  # fmt: skip
CONDITIONS = st.lists(st.sampled_from(GUARDS), max_size=3)


def value(text: str, **names: int) -> int:
    return eval(text.replace("~", "not "), {}, names)  # noqa: S307 - the table above


def holds(program: Program, sizes: dict[str, int]) -> bool:
    """Whether all preconditions of a program hold."""
    for needed in program.preconditions:
        if any(evaluate(extent, sizes) <= 0 for extent in needed.unless_empty):
            continue
        left, right = evaluate(needed.left, sizes), evaluate(needed.right, sizes)
        if not (left == right if needed.relation is Relation.equal else left <= right):
            return False
    return True


def leaves(form: str, guards: list[str], negated: list[str], n: int, ys: int, ks: int) -> bool:
    """Whether a read of an operand with extent n leaves it at some place that the guards let through."""
    for y, k in itertools.product(range(ys), range(ks)):
        names = {"y": y, "k": k, "n": n}
        let = all(value(g, **names) for g in guards) and not (negated and all(value(g, **names) for g in negated))
        if let and not 0 <= value(form, **names) < n:
            return True
    return False


def program_text(form: str, guards: list[str], negated: list[str], n: str, ys: str, ks: str) -> str:
    def conjunction(parts: list[str]) -> str:
        return " & ".join(f"({part})" for part in parts).replace("n", "P.shape[0]")

    read = f"P[{form.replace('n', 'P.shape[0]')}]"
    if negated:
        read = f"where({conjunction(negated)}, 0, {read})"
    where = f", where={conjunction(guards)}" if guards else ""
    return f"f(P: f32[{n}]) -> V\naxis y: {ys}\naxis k: {ks}\nV[y] = sum[k]({read}{where})"


@given(
    form=st.sampled_from(FORMS), guards=CONDITIONS, negated=CONDITIONS, n=st.integers(0, 8), ys=st.integers(0, 9),
    ks=st.integers(0, 4),
)  # fmt: skip
def test_no_proof_is_wrong_for_numbers(form, guards, negated, n, ys, ks):
    """What is accepted never leaves; what is said to leave at a place does so at that very place."""
    text = program_text(form, guards, negated, str(n), str(ys), str(ks))
    try:
        elaborate(parse(text))
    except RangeError as error:
        if error.message.startswith("a read leaves"):
            assert leaves(form, guards, negated, n, max(ys, 1), max(ks, 1))
            place = dict(re.findall(r"(\w) = (\d+)", error.places[0].note))
            names = {"y": 0, "k": 0, "n": n} | {name: int(v) for name, v in place.items()}
            assert not 0 <= value(form, **names) < n
    else:
        assert not leaves(form, guards, negated, n, ys, ks), text


@given(
    form=st.sampled_from(FORMS), guards=CONDITIONS, negated=CONDITIONS,
    ys=st.sampled_from(["P.shape[0]", "P.shape[0]//2", "P.shape[0] - 2", "2*P.shape[0]", "5", "P.shape[0] + 1"]),
    ks=st.sampled_from(["3", "P.shape[0]", "1"]),
)  # fmt: skip
def test_no_proof_is_wrong_for_run_time_sizes(form, guards, negated, ys, ks):
    """Wherever the preconditions hold nothing leaves; and what numbers prove for all sizes needs few preconditions."""
    try:
        program = elaborate(parse(program_text(form, guards, negated, "n", ys, ks)))
    except RangeError:
        assume(False)
    for n in range(7):
        sizes = {"n": n}
        given = {axis.name: evaluate(axis.extent, sizes) for axis in program.given}
        if holds(program, sizes):
            assert not leaves(form, guards, negated, n, given["y"], given["k"])


@pytest.mark.parametrize(
    ("ranges", "body"),
    [
        ("y: P.shape[0]", "P[y]"),
        ("y: P.shape[0]", "where(y + 1 < P.shape[0], P[y + 1], 0)"),
        ("y: P.shape[0]", "where((y >= 1) & (y < P.shape[0] - 1), P[y - 1] + P[y + 1], 0)"),
        ("y: P.shape[0]", "where((y < 1) | (y >= P.shape[0] - 1), 0, P[y - 1] + P[y + 1])"),
        ("y: P.shape[0]", "where(~(y < 1), P[y - 1], 0)"),
        ("y: P.shape[0]", "P[P.shape[0] - 1 - y]"),
        ("y: 2*P.shape[0]", "where(y % 2 == 0, P[y//2], 0)"),
        ("y: 2*P.shape[0] + 1", "where((y % 2 == 1), P[(y - 1)//2], 0)"),
        ("y: P.shape[0]", "where(y == 0, P[0], P[y - 1])"),
        ("y: P.shape[0] + 7", "where(3*y < P.shape[0], P[3*y], 0)"),
        ("y: P.shape[0]", "where(y > 0, where(y < P.shape[0] - 1, P[y + 1] - P[y - 1], 0), 0)"),
        ("y: P.shape[0]", "sum[k](P[y + k - 2], where=(y + k >= 2) & (y + k - 2 < P.shape[0]))"),
        ("y: P.shape[0]", "sum[k](P[y - k], where=k <= y)"),
        ("y: P.shape[0]", "P[y//4*4]"),
        ("y: P.shape[0]", "where(P.shape[0] > 3, P[3], 0)"),
    ],
)
def test_usual_guards_need_no_precondition(ranges, body):
    text = f"f(P: f32[n]) -> V\naxis k: 5\naxis {ranges}\nV[y] = {body}"
    program = elaborate(parse(text))
    assert program.preconditions == ()
    fixed = elaborate(parse(text.replace("f32[n]", "f32[9]")))
    assert fixed.preconditions == ()


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ("P[y + 1]", RangeError, ["`y + 1` goes up to 9", "at y = 8 it is 9, 1 beyond the last place, 8", "P.outside(0.0)"]),
        ("P[y - 2]", RangeError, ["goes down to -2", "at y = 0 it is -2, 2 before the first place"]),
        ("where(y != 7, P[y + 1], 0)", RangeError, ["at y = 8 it is 9"]),
        ("where(y*y < 9, P[y + 1], 0)", RangeError, ["can't be proved", "guard around it can't be followed"]),
        ("where(P[y] > 0, P[y + 1], 0)", RangeError, ["can't be proved"]),
        ("where((y < 8) & (P[y + 1] > 0), 1, 0)", RangeError, ["at y = 8"]),
        ("where(y < 8, softmax(P[y + 1], along=y), 0)", RangeError, ["`y + 1`"]),
        ("P[P[y]]", NotationError, ["a subscript of `P` is f32, not an integer"]),
        ("P[P[y] > 0]", NotationError, ["a subscript of `P` is bool, not an integer"]),
        ("max[k](P[k], where=k < y) + max[l](P.outside(0.0)[l])", ShapeError, ["`max` over an empty range of axis `l`"]),
        ("Z.outside(\"edge\")[y]", ShapeError, ["`edge` reads the nearest places of Z"]),
        ("P.outside(0.0)[y*2**61*4]", RangeError, ["beyond 2**62"]),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(body, error, words):
    text = f"f(P: f32[9], Z: f32[0]) -> V\naxis y: 9\naxis l: 0\nV[y] = {body.replace('2**61*4', str(2**62))}"
    with pytest.raises(error) as found:
        elaborate(parse(text))
    for word in words:
        assert word in str(found.value)
    assert "try: " in str(found.value)


def test_reads_that_never_happen_are_not_refused():
    program = elaborate(
        parse(
            "f(P: f32[0], Z: f32[0, 3]) -> (V, W)\nV[y, x] = P[y]*max[k](Z[y, k])\naxis x: 2\nW[i] = max[j](Z[j, i], initial=1)"
        )
    )
    assert [e.value() for e in program.shape_of("V")] == [0, 2]


def test_empty_ranges_at_run_time_become_preconditions():
    program = elaborate(parse('f(P: f32[n, m]) -> V\nV[i] = max[j](P[i, j]) + P.outside("wrap")[i, i - 1]'))
    shown = [
        (str(p.left), p.relation.value, str(p.right), [str(e) for e in p.unless_empty]) for p in program.preconditions
    ]
    assert shown == [("1", "<=", "m", ["n"])] * 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("f(P: f32[4]) -> V\naxis y: 1000000000000000000\nV[y] = 0*P[0]", "more than 2**60"),
        (
            "f(P: f32[1099511627776, 1099511627776]) -> V\nV[x] = sum[y](P[y, x])",
            "`P` (1099511627776, 1099511627776) has",
        ),
        ("f(P: f32[4]) -> V\naxis y: 2000000000\naxis x: 3000000000\nV = sum[y, x](P[0])", "6000000000000000000 terms"),
    ],
)
def test_absurd_sizes_are_refused(text, words):
    with pytest.raises(ShapeError, match=re.escape(words)):
        elaborate(parse(text))
