# SPDX-License-Identifier: Apache-2.0
"""What `show` prints reads back to the same Program, and has no brackets that Python's precedence makes needless."""

from __future__ import annotations

import ast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unrut.errors import DTypeError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.functions import FUNCTIONS
from unrut.program.show import show
from unrut.program.verify import verify

HEADER = "f(A: f32[n, m], B: f64[n, m], I: i32[n, m], J: i64[n, m], M: bool[n, m], s: f32[], t: scalar) -> V\n"
RANGES = "axis i: A.shape[0]\naxis j: A.shape[1]\naxis k: A.shape[1]\n"
BINARY = [f.symbol for f in FUNCTIONS.values() if f.symbol and f.arity == 2]
CALLS = [f for f in FUNCTIONS.values() if not f.symbol]


def expressions(free: tuple[str, str]) -> st.SearchStrategy[str]:
    """Expressions over the tensors of HEADER with two axes bound, as text with every bracket written."""
    i, j = free
    reads = [f"{tensor}[{i}, {j}]" for tensor in "ABIJM"]
    numbers = st.one_of(
        st.integers(-(2**31), 2**31 - 1).map(repr), st.floats(allow_nan=False).map(repr), st.booleans().map(repr)
    )
    numbers = numbers.map(lambda text: "1.5" if "inf" in text else text)
    leaf = st.one_of(
        st.sampled_from(
            [*reads, *reads, "s", "t", i, j, "A.shape[0]", "inf", "nan", "-inf", f"A.outside(-0.5)[{i} - 1, {j}]"]
        ),
        numbers,
    )

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds(lambda a, o, b: f"({a}) {o} ({b})", inner, st.sampled_from(BINARY), inner),
            st.builds(lambda o, a: f"{o}({a})", st.sampled_from(["-", "~"]), inner),
            st.builds(
                lambda f, a, b: f"{f.name}({', '.join([a, b][: f.arity])})", st.sampled_from(CALLS), inner, inner
            ),
            st.builds(lambda a, b: f"where(M[{i}, {j}], {a}, {b})", inner, inner),
            st.builds(lambda a, d: f"cast({a}, {d})", inner, st.sampled_from("f32 f64 i32 i64 bool".split())),
            st.builds(lambda a: f"softmax({a}, along={j})", inner),
        )

    return st.recursive(leaf, larger, max_leaves=6)


@st.composite
def programs(draw: st.DrawFn) -> str:
    outer = draw(expressions(("i", "j")))
    inner = draw(expressions(("i", "k")))
    kind = draw(st.sampled_from("sum prod max min any all count argmax argmin logsumexp".split()))
    options = draw(
        st.sampled_from(["", "", ", where=M[i, k]", ", dtype=f32", ", dtype=f64", ", dtype=i32", ", initial=1"])
    )
    return f"{HEADER}{RANGES}V[i, j] = ({outer}) + {kind}[k]({inner}{options})\n"


@given(text=programs())
def test_the_text_reads_back(text):
    try:
        program = elaborate(parse(text))
    except DTypeError:
        assume(False)
    except Exception as error:
        assume("takes no" not in str(error))
        raise
    verify(program)
    shown = show(program)
    again = elaborate(parse(shown))
    assert again == program
    assert show(again) == shown


@given(text=programs())
def test_no_bracket_is_needless(text):
    try:
        shown = show(elaborate(parse(text)))
    except Exception:
        assume(False)
    body = shown.splitlines()[-1]
    whole = ast.dump(ast.parse(body))
    opened = []
    for place, character in enumerate(body):
        if character == "(":
            opened.append(place)
        elif character == ")":
            start = opened.pop()
            if start == 0 or not (body[start - 1].isidentifier() or body[start - 1] == "]"):
                without = f"{body[:start]} {body[start + 1 : place]} {body[place + 1 :]}"
                try:
                    same = ast.dump(ast.parse(without)) == whole
                except SyntaxError:
                    same = False
                chained = "Compare" in ast.dump(ast.parse(body[start + 1 : place].strip() or "0"))
                assert not same or chained, body


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("A[i,j]-(B[i,j]-1)", "A[i, j] - (B[i, j] - 1)"),
        ("(A[i,j]-B[i,j])-1", "A[i, j] - B[i, j] - 1"),
        ("(-A[i,j])**2", "(-A[i, j])**2"),
        ("-(A[i,j]**2)", "-A[i, j]**2"),
        ("A[i,j]**(-2)", "A[i, j]**-2"),
        ("(A[i,j]**2)**3", "(A[i, j]**2)**3"),
        ("A[i,j]**(B[i,j]**3)", "A[i, j]**B[i, j]**3"),
        ("(-1)**2*A[i,j]", "(-1)**2*A[i, j]"),
        ("(I[i,j]&1)==(J[i,j]|2)", "I[i, j] & 1 == J[i, j] | 2"),
        ("0.1*A[i,j]+1e300", "0.1*A[i, j] + 1e+300"),
        ("I[i,j]//2%3", "I[i, j]//2 % 3"),
        ("sum[k](I[i,k],dtype=i64)", "sum[k](I[i, k])"),
        ("sum[k](I[i,k],dtype=i32)", "sum[k](I[i, k], dtype=i32)"),
        ("sum[k](A[i,k],dtype=f64)", "sum[k](A[i, k], dtype=f64)"),
        ("sum[k](k,dtype=f32)", "cast(sum[k](k), f32)"),
        ("A.shape[0]*1.0+s[()]", "A.shape[0]*1.0 + s"),
        ("floor(I[i,j])", "I[i, j]"),
        ("- 3 + A[i,j]", "-3 + A[i, j]"),
        ("where(M[i,j], False, t<0) + A[i,j]", "where(M[i, j], False, t < 0) + A[i, j]"),
    ],
)  # fmt: skip
def test_the_text_is_short(written, shown):
    text = f"{HEADER}{RANGES}V[i, j] = {written}"
    program = elaborate(parse(text))
    assert show(program).splitlines()[-1] == f"V[i, j] = {shown}"
    assert elaborate(parse(show(program))) == program


def test_header_ranges_and_several_results():
    text = (
        "f(P: f32[n, 8], s: f64[], tau: scalar) -> (U, V)\n"
        "axis y: P.shape[0]//2 - 1\n"
        "axis z: minimum(3, P.shape[0])\n"
        "U = tau*s\n"
        "V[y, z] = where(2*y + z < P.shape[0], P[2*y + z, z], 0)\n"
    )
    shown = show(elaborate(parse(text)))
    assert shown == text.replace("P.shape[0]//2 - 1", "maximum(0, P.shape[0]//2 - 1)")
    assert show(elaborate(parse(shown))) == shown
