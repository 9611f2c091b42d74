# SPDX-License-Identifier: Apache-2.0
"""Dtypes against NumPy itself: every function on arrays of every pair of dtypes, and with Python numbers."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

from unrut.errors import DTypeError, NotationError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.functions import FUNCTIONS
from unrut.program.nodes import Cast, Const, Reduce
from unrut.program.promotion import OF_COMPLEX
from unrut.program.show import show
from unrut.program.types import DType, dtype_of
from unrut.program.verify import verify
from unrut.program.walk import subexpressions

LETTER = {
    DType.bool: "A", DType.i32: "B", DType.i64: "C", DType.f32: "D", DType.f64: "E", DType.i8: "F", DType.i16: "G",
    DType.u8: "H", DType.u16: "J", DType.u32: "K", DType.u64: "L", DType.f16: "M", DType.bf16: "N",
}  # fmt: skip
HEADER = ", ".join(f"{letter}: {dtype.name}[4]" for dtype, letter in LETTER.items())
DTYPES = [dtype for dtype in LETTER if dtype is not DType.bf16]
UNARY = [f for f in FUNCTIONS.values() if f.arity == 1 and f.name not in OF_COMPLEX]
BINARY = [f for f in FUNCTIONS.values() if f.arity == 2 and f.name != "power"]


def dtype_here(expression: str) -> DType | None:
    """The dtype of an expression over A to N at axis i, None if it is refused."""
    try:
        program = verify(elaborate(parse(f"f({HEADER}, t: scalar) -> V\naxis i: 4\nV[i] = {expression}")))
    except DTypeError:
        return None
    return program.dtype_of("V")


def dtype_in_numpy(function, *arguments) -> DType | None:
    """What NumPy gives, None if it refuses or gives a dtype that unrut does not have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = dtype_of(getattr(np, function)(*arguments).dtype)
            return found if found in DType else None
        except TypeError:
            return None


def written(function, *arguments: str) -> str:
    if not function.symbol:
        return f"{function.name}({', '.join(arguments)})"
    return f"{function.symbol}({arguments[0]})" if function.arity == 1 else f" {function.symbol} ".join(arguments)


@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.name)
def test_functions_of_one_argument(function):
    for dtype in DTYPES:
        like = "exp" if function.name == "erf" else function.name
        wanted = dtype_in_numpy(like, np.ones(4, dtype.numpy))
        assert dtype_here(written(function, f"{LETTER[dtype]}[i]")) == wanted, dtype


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.name)
def test_functions_of_two_arguments(function):
    for one, other in itertools.product(DTYPES, DTYPES):
        wanted = dtype_in_numpy(function.name, np.ones(4, one.numpy), np.ones(4, other.numpy))
        assert dtype_here(written(function, f"{LETTER[one]}[i]", f"{LETTER[other]}[i]")) == wanted, (one, other)


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.name)
def test_functions_of_an_array_and_a_number(function):
    for dtype, number in itertools.product(DTYPES, (True, 3, 2.5)):
        array = np.ones(4, dtype.numpy)
        read = f"{LETTER[dtype]}[i]"
        assert dtype_here(written(function, read, repr(number))) == dtype_in_numpy(function.name, array, number)
        assert dtype_here(written(function, repr(number), read)) == dtype_in_numpy(function.name, number, array)


def test_power():
    for one, other in itertools.product(DTYPES, DTYPES):
        wanted = dtype_in_numpy("power", np.ones(4, one.numpy), np.ones(4, other.numpy))
        if wanted is not None and wanted.is_integer:
            wanted = None  # an exponent that is no constant
        assert dtype_here(f"{LETTER[one]}[i]**{LETTER[other]}[i]") == wanted, (one, other)
    assert dtype_here("B[i]**2") == DType.i32
    assert dtype_here("B[i]**0") == DType.i32
    assert dtype_here("B[i]**-1") is None
    assert dtype_here("B[i]**i") is None
    assert dtype_here("2**i") is None
    assert dtype_here("2.0**i") == DType.f64
    assert dtype_here("D[i]**-1") == DType.f32
    assert dtype_here("B[i]**0.5") == DType.f64


def test_choices_promote_as_in_numpy():
    condition = np.ones(4, bool)
    for one, other in itertools.product(DTYPES, DTYPES):
        wanted = dtype_of(np.where(condition, np.ones(4, one.numpy), np.ones(4, other.numpy)).dtype)
        assert dtype_here(f"where(A[i], {LETTER[one]}[i], {LETTER[other]}[i])") == wanted
    for dtype, number in itertools.product(DTYPES, (3, 2.5)):
        wanted = dtype_of(np.where(condition, np.ones(4, dtype.numpy), number).dtype)
        assert dtype_here(f"where(A[i], {LETTER[dtype]}[i], {number!r})") == wanted


@pytest.mark.parametrize("kind", ["sum", "prod", "max", "min", "any", "all", "argmax", "argmin"])
def test_reductions_give_what_numpy_gives(kind):
    for dtype in DTYPES:
        wanted = dtype_of(getattr(np, kind)(np.ones(4, dtype.numpy)).dtype)
        assert dtype_here(f"{kind}[k]({LETTER[dtype]}[k])") == wanted, dtype


def test_weak_expressions_adopt_what_they_meet():
    assert dtype_here("(i*0.5 + t)*D[i]") == DType.f32
    assert dtype_here("i*B[i]") == DType.i32
    assert dtype_here("t*B[i]") == DType.f64
    assert dtype_here("i + 1") == DType.i64
    assert dtype_here("i/2") == DType.f64
    assert dtype_here("i < 2") == DType.bool
    assert dtype_here("where(A[i], 0.0, -inf) + D[i]") == DType.f32
    assert dtype_here("sum[k](1/(k + 1), where=A[k])*D[i]") == DType.f32
    assert dtype_here("argmax[k](D[k])*D[i]") == DType.f32
    assert dtype_here("cast(2, f64)*D[i]") == DType.f64
    assert dtype_here("count[k](A[k])*D[i]") == DType.f64
    assert dtype_here("t*M[i]") == DType.f16
    assert dtype_here("i*H[i] + 255") == DType.u8


def test_weak_expressions_are_rounded_once():
    program = elaborate(parse(f"f({HEADER}) -> V\nV[i] = (0.1*3)*D[i] + 0.1"))
    casts = [e for e in subexpressions(program.statement("V").body) if isinstance(e, Cast)]
    assert [(c.operand.dtype, c.dtype) for c in casts] == [(DType.f64, DType.f32)]
    numbers = [e for e in subexpressions(program.statement("V").body) if isinstance(e, Const)]
    assert [(n.value, n.dtype) for n in numbers] == [(0.1, DType.f64), (3, DType.f64), (0.1, DType.f32)]


@pytest.mark.parametrize(
    ("expression", "accumulator", "casts"),
    [
        ("sum[k](B[k]*B[k])", DType.i64, 2),
        ("sum[k](B[k]*B[k], dtype=i32)", DType.i32, 0),
        ("sum[k](D[k]*D[k])", DType.f32, 0),
        ("sum[k](D[k]*D[k], dtype=f64)", DType.f64, 2),
        ("sum[k](E[k]*D[k])", DType.f64, 1),
        ("sum[k](E[k]*E[k], dtype=f32)", DType.f32, 2),
        ("sum[k](D[k]*D[k] + B[k])", DType.f64, 3),
        ("sum[k](A[k])", DType.i64, 1),
        ("sum[k](~A[k])", DType.i64, 1),
        ("sum[k](B[k] > 1)", DType.i64, 1),
        ("sum[k](isnan(D[k]))", DType.i64, 1),
        ("sum[k](where(B[k] > 1, B[k], 0))", DType.i64, 1),
        ("sum[k](cast(D[k], i32))", DType.i64, 1),
        ("sum[k](max[l](B[l])*k)", DType.i64, 2),
        ("max[k](B[k])", DType.i32, 0),
        ("logsumexp[k](B[k])", DType.f64, 1),
        ("sum[k](D[k], initial=E[0])", DType.f64, 1),
        ("sum[k](F[k]*F[k])", DType.i64, 2),
        ("sum[k](H[k]*J[k])", DType.u64, 2),
        ("max[k](H[k])", DType.u8, 0),
        ("max[k](M[k])", DType.f16, 0),
        ("sum[k](M[k]*D[k])", DType.f32, 1),
        ("sum[k](M[k]*N[k], dtype=f32)", DType.f32, 2),
    ],
)
def test_reads_are_widened_to_the_accumulator(expression, accumulator, casts):
    text = f"f({HEADER}) -> V\naxis i: 4\naxis k: 4\nV[i] = {expression}"
    body = verify(elaborate(parse(text))).statement("V").body
    assert isinstance(body, Reduce)
    assert body.body.dtype == accumulator
    assert sum(isinstance(e, Cast) and e.implicit for e in subexpressions(body)) == casts


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("A[i] - A[i]", "a ^ b"),
        ("-A[i]", "~a"),
        ("D[i] & D[i]", "brackets"),
        ("where(B[i], 1, 2)", "not a truth value"),
        ("B[i] + 3000000000", "does not fit i32"),
        ("B[i]**-2", "cast(base, f64)"),
        ("sum[k](D[k], dtype=i32)", "can't accumulate"),
        ("B.outside(0.5)[i - 1]", "what is read outside"),
        ("H[i] + 256", "does not fit u8"),
        ("H[i] - -1", "does not fit u8"),
        ("L[i] + C[i] & 1", "brackets"),
        ("N[i] << 1", "2.0**n"),
    ],
)
def test_what_has_no_dtype_says_so(expression, words):
    with pytest.raises(DTypeError) as error:
        elaborate(parse(f"f({HEADER}) -> V\naxis i: 4\nV[i] = {expression}"))
    assert words in str(error.value)
    assert "try: " in str(error.value)


def test_floats_of_16_bits_are_summed_in_f32_and_rounded_once():
    for text, given in (
        ("sum[k](M[k]*M[k])", DType.f16),
        ("prod[k](N[k])", DType.bf16),
        ("logsumexp[k](H[k])", DType.f16),
        ("sum[k](E[k], dtype=f16)", DType.f16),
        ("sum[k](M[k], dtype=bf16)", DType.bf16),
        ("softmax(N[i], along=i)", DType.bf16),
    ):
        program = verify(elaborate(parse(f"f({HEADER}) -> V\naxis i: 4\naxis k: 4\nV[i] = {text}")))
        assert program.dtype_of("V") is given
        body = program.statement("V").body
        assert isinstance(body, Cast)
        assert body.implicit
        assert body.operand.dtype is DType.f32
        assert f"V[i] = {text}" in show(program)
        assert elaborate(parse(show(program))) == program


def test_bf16_goes_by_the_rules_of_f16():
    """ml_dtypes agrees wherever it has an answer for both."""
    import ml_dtypes

    ones = np.ones(4, ml_dtypes.bfloat16)
    for function in UNARY:
        like = "exp" if function.name == "erf" else function.name
        assert dtype_here(written(function, "N[i]")) in (dtype_in_numpy(like, ones), *_refusals(like, ones)), function
    for function, other in itertools.product(BINARY, DTYPES):
        found = dtype_here(written(function, "N[i]", f"{LETTER[other]}[i]"))
        like_f16 = dtype_here(written(function, "M[i]", f"{LETTER[other]}[i]"))
        if other is DType.f16:
            assert found == dtype_here(written(function, "D[i]", "D[i]"))
        else:
            assert found == (DType.bf16 if like_f16 is DType.f16 else like_f16), (function.name, other)
        theirs = dtype_in_numpy(function.name, ones, np.ones(4, other.numpy))
        assert theirs in (None, found), (function.name, other)


def _refusals(function, array):
    return () if dtype_in_numpy(function, array) else (DType.bf16, DType.bool, None)


def test_comparisons_with_numbers_are_of_whole_numbers():
    for text, taken in (
        ("H[i] == 200", {DType.u8}),
        ("H[i] == 256", {DType.i64}),
        ("H[i] == i", {DType.i64}),
        ("F[i] < -129", {DType.i64}),
        ("L[i] > -1", {DType.u64, DType.i64}),
        ("L[i] < C[i]", {DType.u64, DType.i64}),
        ("L[i] < 5", {DType.u64}),
    ):
        body = verify(elaborate(parse(f"f({HEADER}) -> V\naxis i: 4\nV[i] = {text}"))).statement("V").body
        assert {argument.dtype for argument in body.arguments} == taken, text


def test_numbers_that_only_u64_holds():
    assert dtype_here("18446744073709551615") == DType.u64
    assert dtype_here("L[i] ^ 14695981039346656037") == DType.u64
    assert dtype_here("-9223372036854775808") == DType.i64
    with pytest.raises(NotationError):
        dtype_here("18446744073709551616")
    program = elaborate(parse(f"f({HEADER}) -> V\nV[i] = -18446744073709551615*L[i] + -9223372036854775808*C[i]"))
    assert elaborate(parse(show(verify(program)))) == program
