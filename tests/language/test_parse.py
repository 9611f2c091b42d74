# SPDX-License-Identifier: Apache-2.0
"""Text to Definition: what each spelling means, and what each misspelling is told."""

from __future__ import annotations

import math

import pytest

from unrut.errors import DTypeError, NameClashError, NotationError, UnrutError
from unrut.language.notation import (
    DEEPEST,
    Applied,
    Choice,
    Conversion,
    Line,
    Name,
    Number,
    Reduction,
    Size,
    Subscripted,
)
from unrut.language.parse import parse


def body(expression: str):
    (statement,) = parse(f"f(x: f32[n], s: f32[], tau: scalar) -> y\ny[i] = {expression}").statements
    return statement.body


def read(*subscripts, tensor="x", outside=None):
    return Subscripted(tensor=tensor, subscripts=subscripts, outside=outside)


def apply(function, *arguments):
    return Applied(function=function, arguments=arguments)


I, J = Name(name="i"), Name(name="j")


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("x[i]", read(I)),
        ("s[()]", read(tensor="s")),
        ("x[2*i + 1]", read(apply("add", apply("multiply", Number(value=2), I), Number(value=1)))),
        ("-x[i]", apply("negative", read(I))),
        ("+x[i]", read(I)),
        ("-3", Number(value=-3)),
        ("-2**2", apply("negative", apply("power", Number(value=2), Number(value=2)))),
        ("(-2)**2", apply("power", Number(value=-2), Number(value=2))),
        ("-9223372036854775808", Number(value=-(2**63))),
        ("True", Number(value=True)),
        ("-inf", apply("negative", Number(value=math.inf))),
        ("1 < i", apply("less", Number(value=1), I)),
        ("~(i == 1) & (i != 2) | (i >= 3) ^ (i <= 4)", None),
        ("i // 2 % 3 << 1 >> 2", None),
        ("x.shape[0]", Size(tensor="x", dimension=0)),
        ("x.outside(0.0)[i - 1]", read(apply("subtract", I, Number(value=1)), outside=Number(value=0.0))),
        ('x.outside("edge")[i]', read(I, outside="edge")),
        ("exp(i)", apply("exp", I)),
        ("maximum(i, 0)", apply("maximum", I, Number(value=0))),
        ("cast(i, f64)", Conversion(operand=I, dtype="f64")),
        ("where(i < 1, i, 0)", Choice(condition=apply("less", I, Number(value=1)), then=I, otherwise=Number(value=0))),
        ("softmax(x[i], along=i)", Line(kind="softmax", axis="i", body=read(I))),
        ("sum[j](x[j])", Reduction(kind="sum", axes=("j",), body=read(J))),
        ("argmax[i, j](1)[1]", Reduction(kind="argmax", axes=("i", "j"), body=Number(value=1), component=1)),
        (
            "max[j](x[j], where=j < i, initial=0, dtype=f64)",
            Reduction(
                kind="max", axes=("j",), body=read(J), where=apply("less", J, I), initial=Number(value=0), dtype="f64"
            ),
        ),
        (
            "sigmoid(i)",
            apply("divide", Number(value=1), apply("add", Number(value=1), apply("exp", apply("negative", I)))),
        ),
    ],
)
def test_expressions(text, term):
    found = body(text)
    assert term is None or found == term


def test_a_whole_text():
    found = parse(
        """
        # a comment, with ünicode
        caps(P: f32[8, c], W, s: i32[], q: [n, 3], tau: scalar) -> (V, m)   # header

        axis t: P.shape[1] - 2
        V[n, c] = P[n,    # the line goes on in brackets
                    c] * tau
        m = 1.5
        """
    )
    assert (found.name, found.scalars, found.results) == ("caps", ("tau",), ("V", "m"))
    assert [(p.name, p.dtype, p.dimensions) for p in found.parameters] == [
        ("P", "f32", (8, "c")),
        ("W", None, None),
        ("s", "i32", ()),
        ("q", None, ("n", 3)),
    ]
    (t,) = found.axes
    assert (t.name, t.extent) == ("t", apply("subtract", Size(tensor="P", dimension=1), Number(value=2)))
    assert [s.target for s in found.statements] == ["V", "m"]
    assert found.statements[1].subscripts == ()


def test_windows_line_ends_are_line_ends():
    assert parse("f(x: f32[n]) -> y\r\ny[i] = x[i]\r\n") == parse("f(x: f32[n]) -> y\ny[i] = x[i]")


def test_spans_point_into_the_text_as_written():
    text = "f(x) -> y\n  # first\n\n  y[i] = x[i] + (\n      x[i + 1])"
    (statement,) = parse(text, file="a.txt").statements
    left, right = statement.body.arguments
    assert (left.span.file, left.span.line, left.span.column, left.span.end) == ("a.txt", 4, 9, 13)
    assert (right.span.line, right.span.column, right.span.end) == (5, 6, 14)
    assert right.span.source_line()[right.span.column : right.span.end] == "x[i + 1]"
    assert left.span.source_line() == "  y[i] = x[i] + ("


@pytest.mark.parametrize(
    ("line", "kind", "message", "remedy"),
    [
        ("y[i] = x[i] and 3", NotationError, "`and` and `or` are not elementwise", "& and |"),
        ("y[i] = not x[i]", NotationError, "`not` is not elementwise", "~"),
        ("y[i] = 1 < x[i] < 2", NotationError, "comparisons can't be chained", "(a < b) & (b < c)"),
        ("y[i] = 1 if x[i] else 2", NotationError, "`if` is not part of an expression", "where(condition, a, b)"),
        ("y[i] = np.exp(x[i])", NotationError, "functions have no prefix in text", "exp(...)"),
        ("y[i] = ur.sum[j](x[j])", NotationError, "there is no such function", "one of"),
        ("y[i] = foo(x[i])", NotationError, "there is no such function", "exp"),
        ("y[i] = exp(x[i], 2)", NotationError, "`exp` takes 1 argument, not 2", ""),
        ("y[i] = sum(x[i])", NotationError, "`sum` needs its axes", "sum[k](...)"),
        ("y[i] = sum[1](x[i])", NotationError, "only axes can be reduced over", "sum[k]"),
        ("y[i] = sum[()](x[i])", NotationError, "`sum` needs at least one axis", "sum[k]"),
        ("y[i] = sum[j, j](x[j])", NotationError, "`sum` has one axis twice", "each axis once"),
        ("y[i] = sum[j](x[j], out=3)", NotationError, "has the options where=, initial=, dtype=", ""),
        ("y[i] = softmax(x[i])", NotationError, "`softmax` runs along one axis", "along=j"),
        ("y[i] = argmax[i, j](1)[2]", NotationError, "a place is chosen by the number of its axis", "[0]"),
        ("y[i] = x[1:2]", NotationError, "slices are not part of the notation", "one subscript for each dimension"),
        ("y[i] = x[...]", NotationError, "`...` is not part of the notation", "one subscript"),
        ("y[i] = x.outside('nearest')[i]", NotationError, "`nearest` is not a mode", "one of edge"),
        ("y[i] = x.shape[-1]", NotationError, "a dimension of a shape is a number from 0", "x.shape[0]"),
        ("y[i] = x[i] @ x[i]", NotationError, "`@` is not part of the notation", "sum[k]"),
        ("y[i] = lambda: 3", NotationError, "this is not part of the notation", ""),
        ("y[i] = [x[i] for i in x]", NotationError, "this is not part of the notation", ""),
        ("y[i] = 'a'", NotationError, "only numbers can stand here", ""),
        ("y[i] = 1e999j", NotationError, "the imaginary number is beyond the largest float", "a smaller one"),
        ("y[i] = 99999999999999999999", NotationError, "the number does not fit 64 bits", "a float"),
        ("y[i] = 1 + " + "9" * 5000, NotationError, "the number does not fit 64 bits", "a float"),
        ("axis i: 3, 0 .. " + "9" * 5000, NotationError, "the number does not fit 64 bits", "a float"),
        ("y[i] = " + "9" * 5000 + ".5", NotationError, "the number is beyond the largest float", "inf"),
        ("y[i] = 1e999", NotationError, "the number is beyond the largest float", "inf"),
        ("y[i] = cast(x[i], f24)", DTypeError, "`f24` is not a dtype of unrut", "f32"),
        ("y[i] -= x[i]", NotationError, "only `+=` changes a tensor", "V[i] += -x[i]"),
        ("axis e: start=x[i], stop=3", NotationError, "an expression is expected here", "axis e: ptr[i] .. ptr[i + 1]"),
        ("axis e: ..", NotationError, "an axis is given as `axis t: 3`, or by data", "axis t: 3"),
        ("axis e: 1 .. 2 .. 3", NotationError, "this can't be read", ""),
        ("axis while: 3", NameClashError, "`while` can't be the name of an axis", "while_"),
        ("y[i] = x[i]; z[i] = 1", NotationError, "this is no statement", "one for each line"),
        ("y[i] = x[i] x[i]", NotationError, "this can't be read", "V[i, j] = an expression"),
        ("import os", NotationError, "this is no statement", "V[i, j]"),
        ("y.a = 3", NotationError, "only a tensor can be defined", "V[i, j] = ..."),
        ("y[i] = x[i", NotationError, "this `[` is never closed", ""),
        ("y[i] = x[i)]", NotationError, "this `)` closes nothing", ""),
        ("y[i] = é", NotationError, "character '\\xe9' is not allowed here", "ASCII outside comments"),
        ("y[i] = 'é", NotationError, "a quoted word is not closed", ""),
        ("y[float] = 3", NameClashError, "`float` can't be the name of an axis", "C, C++ or CUDA"),
        ("y[i] = _x[i]", NameClashError, "`_x` can't be the name of a tensor", "starts with an underscore"),
        ("y[exp] = 3", NameClashError, "`exp` can't be the name of an axis", "word of the notation"),
    ],
)
def test_what_is_refused(line, kind, message, remedy):
    with pytest.raises(kind) as caught:
        parse(f"f(x: f32[n]) -> y\n{line}")
    text = str(caught.value)
    assert message in caught.value.message
    assert remedy in text
    assert "<text>:2" in text
    assert "^" in text


def test_all_faults_of_a_text_at_once():
    with pytest.raises(NotationError) as caught:
        parse("f(x: f32[n]) -> y\ny[i] = not x[i]\nz[i] = 1 < i < 2\nfor[i] = 2")
    kinds = [type(caught.value), *map(type, caught.value.others)]
    assert kinds == [NotationError, NotationError, NotationError]
    assert [f"<text>:{n}" in str(caught.value) for n in (2, 3, 4)] == [True, True, True]


def nested(levels: int) -> str:
    return "f(x: f32[n]) -> y\ny[i] = " + "exp(" * levels + "1" + ")" * levels


def test_depth_is_bounded():
    parse(nested(DEEPEST - 29))
    with pytest.raises(NotationError, match="brackets are nested deeper than 100"):
        parse(nested(120))
    with pytest.raises(NotationError, match=f"nested deeper than {DEEPEST}"):
        parse("f(x: f32[n]) -> y\ny[i] = 1" + " + i" * (DEEPEST + 1))


@pytest.mark.parametrize("operator", ["+", "-", "~", "**", " not "])
def test_monstrous_texts_are_refused(operator):
    with pytest.raises(NotationError):
        parse("f(x: f32[n]) -> y\ny[i] = " + f"1 {operator}" * 20_000 + "1")
    with pytest.raises(NotationError, match="200000 are allowed"):
        parse("f(x: f32[n]) -> y\ny[i] = " + f"1 {operator}" * 100_000 + "1")


def test_a_long_line_is_shown_in_part():
    with pytest.raises(UnrutError) as caught:
        parse("f(x: f32[n]) -> y\ny[i] = " + "x[i] + " * 30 + "np.exp(i)" + " + x[i]" * 30)
    shown, caret = str(caught.value).splitlines()[2:4]
    assert len(shown) < 170
    assert shown[caret.index("^") : caret.rindex("^") + 1] == "np.exp"


def test_the_caret_stands_under_a_number_that_python_itself_refuses():
    with pytest.raises(NotationError) as caught:
        parse("f(x: f32[n]) -> y\ny[i] = x[i]*(2 +\n   " + "7_7" * 2000 + ")")
    span = caught.value.places[0].span
    assert (span.line, span.column, span.end) == (3, 3, 6003)


def test_python_gives_no_warnings_of_its_own(recwarn):
    with pytest.raises(NotationError):
        parse("f(x: f32[n]) -> y\ny[i] = 0x1for x")
    with pytest.raises(NotationError):
        parse("f(x: f32[n]) -> y\ny[i] = 1if x else 2")
    assert not recwarn.list
