# SPDX-License-Identifier: Apache-2.0
"""Signatures and specs."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.errors import DTypeError, NameClashError, NotationError
from unrut.language.notation import Parameter, Spec
from unrut.language.parse import parse
from unrut.language.signature import parse_signature


def test_every_form_of_a_parameter():
    tensors, scalars = parse_signature("P: f32[n, 3], W: i64, X, s: f64[], q: [n,], tau: scalar")
    assert tensors == (
        Parameter(name="P", dtype="f32", dimensions=("n", 3)),
        Parameter(name="W", dtype="i64"),
        Parameter(name="X"),
        Parameter(name="s", dtype="f64", dimensions=()),
        Parameter(name="q", dimensions=("n",)),
    )
    assert scalars == ("tau",)
    assert parse_signature("") == ((), ())


def test_specs():
    expected = Spec(dtype="f32", dimensions=(8, "n"))
    assert ur.spec("f32[8, n]") == expected
    assert ur.spec((8, "n"), np.float32) == expected
    assert ur.spec([8, "n"], ur.f32) == expected
    assert ur.spec((np.int64(8), "n"), "f32") == expected
    assert ur.spec("bool[]") == ur.spec((), bool) == Spec(dtype="bool", dimensions=())
    assert ur.spec("f32[0]").dimensions == (0,)


@pytest.mark.parametrize(
    ("what", "dtype", "kind", "message"),
    [
        ("f24[3]", None, DTypeError, "`f24` is not a dtype of unrut"),
        ("f32", None, NotationError, "a spec has a dtype and extents"),
        ("[3]", None, NotationError, "a spec has a dtype and extents"),
        ("f32[3", None, NotationError, "never closed"),
        ("f32[3] x", None, NotationError, "`x` is not expected here"),
        ("f32[-1]", None, NotationError, "a number or a name is expected"),
        ("f32[for]", None, NameClashError, "`for` can't be the name of a size"),
        ("f32[9999999999999]", None, NotationError, "an extent is at most 2**40"),
        ("f32[" + "9" * 5000 + "]", None, NotationError, "an extent is at most 2**40"),
        ("f32[3]", np.float32, NotationError, "has its dtype already"),
        ((3,), None, NotationError, "a spec has a dtype"),
        ((3.5,), np.float32, NotationError, "3.5 is no extent"),
        ((-1,), np.float32, NotationError, "-1 is no extent"),
        (("a b",), np.float32, NameClashError, "`a b` can't be the name of a size"),
        ((3,), np.clongdouble, DTypeError, "complex"),
        ((3,), ">f4", DTypeError, "foreign byte order"),
        ((3,), object, DTypeError, "object"),
        ((3,), "nonsense", DTypeError, "`nonsense` is not a dtype"),
    ],
)
def test_refused_specs(what, dtype, kind, message):
    with pytest.raises(kind) as caught:
        ur.spec(what, dtype)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("header", "kind", "message"),
    [
        ("f", NotationError, "`(` is expected after the op's name, not the end"),
        ("f(x: f32[n]) y", NotationError, "`->` is expected after the parameters, not `y`"),
        ("f(x y) -> z", NotationError, "`,` is expected between parameters, not `y`"),
        ("f(x) -> ()", NotationError, "an op needs at least one result"),
        ("f(x) -> y y[i] = 3", NotationError, "`y` after the header"),
        ("f(x, x) -> y", NotationError, "parameter `x` stands twice"),
        ("f(x: f33[3]) -> y", DTypeError, "`f33` is not a dtype"),
        ("main(x) -> y", NameClashError, "`main` can't be the name of an op"),
        ("malloc(x) -> y", NameClashError, "`malloc` can't be the name of an op"),
        ("3(x) -> y", NotationError, "the name of an op is expected, not `3`"),
        ("f(3) -> y", NotationError, "the name of a parameter is expected, not `3`"),
        ("f(x: f32[n]) -> uint8_t", NameClashError, "`uint8_t` can't be the name of a tensor"),
        ("f(ur_x) -> y", NameClashError, "starts with `ur_`"),
        (f"f({'x' * 64}) -> y", NameClashError, "has 64 characters, 63 are allowed"),
    ],
)
def test_refused_headers(header, kind, message):
    with pytest.raises(kind) as caught:
        parse(header + "\ny[i] = 1")
    assert message in str(caught.value)
    assert "<text>:1" in str(caught.value)


def test_all_faults_of_a_header_at_once():
    with pytest.raises(DTypeError) as caught:
        parse("f(x: f33[3], int: f32, for: q) -> y")
    assert [type(e) for e in caught.value.others] == [NameClashError, NameClashError, DTypeError]


def test_ops_may_have_words_of_the_notation_as_names():
    assert parse("softmax(x: f32[n]) -> y\ny[i] = softmax(x[i], along=i)").name == "softmax"
    with pytest.raises(NameClashError):
        parse("exp(x: f32[n]) -> y\ny[i] = exp(x[i])")


@pytest.mark.parametrize("name", ["y0", "j1", "I", "gamma", "index", "mean", "initial", "shape", "type", "data"])
def test_useful_names_stay_free(name):
    assert parse(f"f({name}: f32[n]) -> z\nz[i] = {name}[i]").parameters[0].name == name
