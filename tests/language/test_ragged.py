# SPDX-License-Identifier: Apache-2.0
"""Ranges by data: extents and preconditions, proofs, scopes, what is refused, and that the text says it all."""

from __future__ import annotations

import pytest

import unrut as ur
from unrut.program.extents import as_extent
from unrut.program.nodes import Reduce
from unrut.program.verify import verify
from unrut.program.walk import subexpressions


def program(text: str, *specs: str):
    return verify(ur.parse(text).program(*specs))


def extents(found) -> dict[str, str]:
    """The extent of every axis of a program, by name."""
    axes = [axis for s in found.statements for axis in s.axes]
    axes += [a for s in found.statements for e in subexpressions(s.body) if isinstance(e, Reduce) for a in e.axes]
    return {axis.name: str(axis.extent) for axis in axes}


@pytest.mark.parametrize(
    ("text", "specs", "wanted"),
    [
        ("op(x, p) -> y\naxis e: p[i] .. p[i + 1]\ny[i] = sum[e](x[e])", ("f32[9]", "i32[4]"), {"i": "3", "e": "9"}),
        ("op(x, p) -> y\naxis e: p[i] .. p[i + 1]\ny[i] = sum[e](x[e])", ("f32[n]", "i32[m]"),
         {"i": "max(0, m - 1)", "e": "n"}),
        ("op(x, p) -> y\naxis e: p[i] ..\ny[i] = sum[e](x[e])", ("f32[9]", "i32[4]"), {"i": "4", "e": "9"}),
        ("op(x, z, p) -> y\naxis e: .. p[i]\ny[i] = sum[e](x[e]*z[e])", ("f32[9]", "f32[7]", "i32[4]"),
         {"i": "4", "e": "7"}),
        ("op(x, p) -> y\naxis e: p[i] .. p[i + 1]\ny[i] = sum[e](x.outside(0)[e])", ("f32[9]", "i32[4]"),
         {"i": "3", "e": "9"}),
        ("op(x, p) -> y\naxis e: p[i] .. p[i + 1]\ny[i] = sum[e](x[2*e + 1])", ("f32[9]", "i32[4]"),
         {"i": "3", "e": "4"}),
        ("op(p) -> y\naxis e: 50, p[i] .. p[i + 1]\ny[i] = sum[e](e)", ("i32[4]",), {"i": "3", "e": "50"}),
        ("op(x, a, p) -> y\naxis e: p[i] .. p[i + 1]\ny[i] = a[i]*sum[e](x[e])", ("f32[9]", "f32[2]", "i32[4]"),
         {"i": "2", "e": "9"}),
    ],
)  # fmt: skip
def test_extents(text, specs, wanted):
    assert extents(program(text, *specs)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "op(x: f32[n, f], p: i32[m]) -> y\naxis e: p[i] .. p[i + 1]\ny[i, f] = sum[e](x[e, f])\n",
        "op(x: f32[n], p: i32[m]) -> y\naxis e: 9, minimum(p[i], 3) ..\ny[i] = sum[e](softmax(x[e], along=e))\n",
        "op(x: f32[n], p: i64[m], q: i32[k]) -> y\naxis s: p[i] .. p[i + 1]\naxis e: .. q[s]\ny[i] = max[s, e](x[e])\n",
    ],
)
def test_the_text_reads_back(text):
    found = program(text)
    assert ur.parse(ur.parse(text).show()).program() == found
    assert ur.parse(text).show() == text


def test_functions_and_text_say_the_same():
    @ur.op("x: f32[n], p: i32[m]")
    def op(x, p):
        (i,) = ur.axes("i")
        e = ur.axis("e", 9, start=p[i], stop=p[i + 1])
        y = ur.tensor("y")
        y[i] = ur.sum[e](x[e])
        return y

    text = "op(x: f32[n], p: i32[m]) -> y\naxis e: 9, p[i] .. p[i + 1]\ny[i] = sum[e](x[e])\n"
    assert op.show() == text
    assert op.program() == program(text)


def test_an_op_that_is_called_keeps_its_ranges():
    @ur.op
    def rows(x, p):
        (i,) = ur.axes("i")
        e = ur.axis("e", start=p[i], stop=p[i + 1])
        y = ur.tensor("y")
        y[i] = ur.sum[e](x[e])
        return y

    @ur.op
    def twice(x, z, p, q):
        i, e = ur.axes("i e")
        out = ur.tensor("out")
        a, b = rows(x, p), rows(z, q)
        out[e] = ur.sum[i](a[i] * b[e])
        return out

    found = verify(twice.program("f32[9]", "f32[8]", "i32[4]", "i32[3]"))
    assert str(twice.show("f32[9]", "f32[8]", "i32[4]", "i32[3]")).count("axis ") == 2
    assert found.shape_of("out") == (as_extent(2),)


def test_affine_bounds_take_part_in_proofs():
    assert not program(
        "op(x) -> y\naxis j: .. i + 1\ny[i] = sum[j](x[i - j])\naxis i: x.shape[0]", "f32[n]"
    ).preconditions


@pytest.mark.parametrize(
    ("text", "kind", "message", "remedy"),
    [
        ("axis e: p[i] .. p[i + 1]\ny = sum[e](x[e])", ur.AxisError, "depends on `i`, which is not bound", "sum[i, e]"),
        ("axis e: p[i] ..\ny = sum[e, i](x[e])", ur.AxisError, "depends on `i`, which is not bound", "sum[i, e]"),
        ("axis e: e ..\ny = sum[e](x[e])", ur.AxisError, "given by itself", "other axes"),
        ("axis e: x[i] ..\ny[i] = sum[e](x[e])", ur.DTypeError, "is f32, not an integer", "cast(..., i64)"),
        ("axis e: i/2 ..\ny[i] = sum[e](x[e])\naxis i: 3", ur.DTypeError, "not an integer", "// divides"),
        (
            "axis e: count[k](p[k] < i) ..\ny[i] = sum[e](x[e])\naxis i: 3",
            ur.NotationError,
            "holds `count`",
            "first[i]",
        ),
        (
            "axis e: p[i] .. p[i + 1]\ny[i] = sum[e](e)",
            ur.AxisError,
            "axis `e` has no range",
            "axis e: 7, first .. end",
        ),
        ("axis e: p[i + 3] ..\ny[i] = sum[e](x[e])\naxis i: 4", ur.RangeError, "a read leaves `p`", "smaller range"),
        ("axis e: p[i] ..\ny[i] = sum[e](x[e + 1])\naxis e: 9", ur.AxisError, "is given twice", "one range"),
        ("axis e: 9, p[i] ..\ny[i] = sum[e](x[e + 1])", ur.RangeError, "`x`", "outside(0.0)"),
    ],
)
def test_what_is_refused(text, kind, message, remedy):
    with pytest.raises(kind) as caught:
        ur.parse(f"op(x: f32[9], p: i32[4]) -> y\n{text}").program()
    assert message in caught.value.message
    assert remedy in caught.value.remedy
    assert caught.value.places


@pytest.mark.parametrize(
    "text",
    [
        "op(q: f32[n], x: f32[m], p: i32[k]) -> s\naxis e: p[i] .. p[i + 1]\ns[e] = q[i]*x[e]",
        "op(q: f32[n, 4], p: i32[k]) -> s\naxis e: 9, p[i] .. p[i + 1]\ns[e, f] = q[i, f]",
        "op(x: f32[m], d: i32[k], p: i32[j]) -> s\naxis r: d[i] .. d[i + 1]\naxis e: p[r] .. p[r + 1]\ns[e] = x[e]*i",
        "op(x: f32[m], p: i32[k]) -> s\naxis e: p[i] .. p[i + 1]\ns[z] = x[z]\ns[e] = 2*x[e]",
        "op(x: f32[m], p: i32[k]) -> s\naxis e: p[i] .. p[i + 1]\ns[i, e] = x[e]",
        "op(x: f32[m], g: i32[m], p: i32[k]) -> s\naxis e: p[i] .. p[i + 1]\naxis z: 5\ns[z] = 0*x[0]\ns[g[e]] += x[e]*i",
    ],
)
def test_results_over_ranges_read_back(text):
    found = program(text)
    shown = ur.parse(text).show()
    assert verify(ur.parse(shown).program()) == found
    assert ur.parse(shown).show() == shown


def test_a_result_has_the_extent_of_its_axis():
    found = program("op(q, x, p) -> s\naxis e: p[i] .. p[i + 1]\ns[e] = q[i]*x[e]", "f32[3]", "f32[9]", "i32[4]")
    assert found.shape_of("s") == (as_extent(9),)
    assert [axis.name for axis in found.changing("s")[0].axes] == ["i", "e"]


def test_traced_results_over_ranges():
    @ur.op
    def covered(x, p):
        i, k = ur.axes("i k")
        e = ur.axis("e", start=p[i], stop=p[i + 1])
        y = ur.tensor("y")
        y[k] = 2 * x[k]
        y[e] = x[e] * i
        return y

    text = "op(x, p) -> y\naxis e: p[i] .. p[i + 1]\ny[k] = 2*x[k]\ny[e] = x[e]*i"
    specs = ("f32[9]", "i32[4]")
    assert covered.program(*specs).statements == program(text, *specs).statements


@pytest.mark.parametrize(
    ("text", "kind", "message", "remedy"),
    [
        ("axis e: q[i, j] .. q[i, j + 1]\ny[e] = x[e]", ur.AxisError, "several owners", "y[i, ...] = ..."),
        ("axis e: p[i] .. p[i + 1]\ny[e] = i", ur.AxisError, "axis `e` has no range", "axis e: 7, first .. end"),
        ("axis e: p[i] .. p[i + 1]\ny[e, e] = x[e]", ur.NotationError, "", ""),
        ("axis e: p[i] .. p[i + 1]\ny[e] = x[e] + y[e]", ur.NotationError, "computed from itself", "later[e] ="),
        ("axis e: p[i] .. p[i + 1]\ny[e] = x[e]\ny[e] += y[e]", ur.NotationError, "depends on it", "a tensor of its own"),
        ("axis e: y[i] .. 3\ny[i] = sum[e](q[0, e])", ur.NotationError, "a range that is made of `y` itself", "other tensors"),
        ("axis e: z[i] ..\ny[i] = sum[e](x[e])\nz[i] = cast(y[i], i32)", ur.NotationError,
         "`y` is computed over a range that is made of `z`, which needs `y`", "other tensors"),
        ("y[i] = i\naxis i: x.shape[0]//0", ur.NotationError, "divided by 0: the divisor must be positive", ""),
    ],
)  # fmt: skip
def test_what_is_refused_of_results(text, kind, message, remedy):
    with pytest.raises(kind) as caught:
        ur.parse(f"op(x: f32[9], p: i32[4], q: i32[3, 4]) -> y\n{text}").program()
    assert message in caught.value.message
    assert remedy in caught.value.remedy
