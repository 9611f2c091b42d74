# SPDX-License-Identifier: Apache-2.0
"""Complex numbers in the notation: dtypes against NumPy itself, imaginary numbers, what is refused and with which advice."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import unrut as ur
from unrut.errors import DTypeError, UnrutError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.complex_loops import FUNCTIONS as OF_COMPLEX
from unrut.program.functions import FUNCTIONS
from unrut.program.nodes import Cast, Const
from unrut.program.show import show
from unrut.program.types import DType, dtype_of
from unrut.program.verify import verify
from unrut.program.walk import subexpressions

COMPLEX = [DType.c64, DType.c128]
HEADER = ", ".join(f"x_{dtype.name}: {dtype.name}[4]" for dtype in DType)
UNARY = [f for f in FUNCTIONS.values() if f.arity == 1]
BINARY = [f for f in FUNCTIONS.values() if f.arity == 2 and f.name != "power"]


def program_of(expression):
    return verify(elaborate(parse(f"f({HEADER}, t: scalar) -> V\naxis i: 4\naxis k: 4\nV[i] = {expression}")))


def dtype_here(expression):
    try:
        return program_of(expression).dtype_of("V")
    except DTypeError:
        return None


def dtype_in_numpy(function, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return dtype_of(getattr(np, function)(*arguments).dtype)
        except TypeError:
            return None


def read(dtype):
    return f"x_{dtype.name}[i]"


def written(function, *arguments):
    if not function.symbol:
        return f"{function.name}({', '.join(arguments)})"
    return f"{function.symbol}({arguments[0]})" if function.arity == 1 else f" {function.symbol} ".join(arguments)


@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.name)
def test_functions_of_one_argument_have_numpys_dtype_or_are_refused(function):
    for dtype in COMPLEX:
        known = function.name in OF_COMPLEX
        wanted = dtype_in_numpy(function.name, np.ones(4, dtype.numpy)) if known else None
        assert not known or wanted is not None
        assert dtype_here(written(function, read(dtype))) == wanted


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.name)
def test_functions_of_two_arguments_promote_as_in_numpy_or_are_refused(function):
    for dtype, other in itertools.product(COMPLEX, [d for d in DType if d is not DType.bf16]):
        for one, two in ((dtype, other), (other, dtype)):
            wanted = dtype_in_numpy(function.name, np.ones(4, one.numpy), np.ones(4, two.numpy))
            wanted = wanted if function.name in OF_COMPLEX else None
            assert dtype_here(written(function, read(one), read(two))) == wanted, (one, two)


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.name)
def test_imaginary_numbers_are_weak(function):
    for dtype in (d for d in DType if d is not DType.bf16):
        wanted = dtype_in_numpy(function.name, np.ones(4, dtype.numpy), 2j)
        assert dtype_here(written(function, read(dtype), "2j")) == (wanted if function.name in OF_COMPLEX else None)


def test_what_is_weak_altogether_is_c128():
    assert dtype_here("2j") is DType.c128
    assert dtype_here("i + 1j*t") is DType.c128
    assert dtype_here("abs(1j)") is DType.f64
    assert dtype_here("where(i > 1, 2j, 1)") is DType.c128
    assert dtype_here("sum[k](1j*k)*x_f32[i]") is DType.c64


def test_choices_promote_as_in_numpy():
    for one, other in itertools.product(COMPLEX, [d for d in DType if d is not DType.bf16]):
        wanted = dtype_of(np.result_type(one.numpy, other.numpy))
        assert dtype_here(f"where(i > 1, {read(one)}, {read(other)})") == wanted
    assert dtype_here("where(i > 1, x_f32[i], 1j)") is DType.c64


@pytest.mark.parametrize("kind", ["sum", "prod", "any", "all"])
def test_reductions_give_what_numpy_gives(kind):
    for dtype in COMPLEX:
        wanted = dtype_of(getattr(np, kind)(np.ones(4, dtype.numpy)).dtype)
        assert dtype_here(f"{kind}[k](x_{dtype.name}[k])") == wanted


@pytest.mark.parametrize(
    ("expression", "casts"),
    [
        ("sum[k](x_c64[k]*x_f32[k])", []),
        ("sum[k](x_c64[k]*x_f32[k], dtype=c128)", [DType.c128, DType.f64]),
        ("sum[k](x_c128[k]*x_f32[k])", [DType.f64]),
        ("sum[k](abs(x_c64[k]), dtype=f64)", [DType.c128]),
        ("sum[k](x_i32[k]*x_c64[k])", [DType.f64, DType.c128]),
        ("x_f32[i]*x_c64[i]", []),
        ("x_i32[i] + x_c64[i]", [DType.f64, DType.c128]),
        ("x_f32[i] == x_c64[i]", [DType.c64]),
    ],
)
def test_real_numbers_stay_real_where_they_meet_complex_ones(expression, casts):
    body = program_of(expression).statement("V").body
    found = [e.dtype for e in subexpressions(body) if isinstance(e, Cast) and e.implicit]
    assert sorted(found, key=str) == sorted(casts, key=str)


@pytest.mark.parametrize(
    ("written_as", "shown"),
    [("2j", "2j"), ("0.5j", "0.5j"), ("1e300j", "1e+300j"), ("-2j", "-2j"), ("3 - 2j", "3 - 2j"), ("0j", "0j")],
)
def test_imaginary_numbers_are_read_back(written_as, shown):
    program = program_of(f"{written_as}*x_c64[i]")
    text = show(program)
    assert shown in text
    assert verify(elaborate(parse(text))) == program


def test_python_numbers_in_traced_functions():
    @ur.op
    def f(x):
        i = ur.axis("i")
        y = ur.tensor("y")
        y[i] = x[i] * (1 - 2j) + np.complex64(3j) + complex(0.5)
        return y

    assert "(1.0 - 2j)" in f.show("f32[2]")
    assert f.reference(np.array([1, 2], np.float32)).tolist() == [1.5 + 1j, 2.5 - 1j]


def test_a_complex_option_is_fixed():
    @ur.op
    def f(x, *, factor: complex = 1j):
        i = ur.axis("i")
        y = ur.tensor("y")
        y[i] = factor * x[i]
        return y

    x = np.array([1, 2], np.float32)
    assert f.reference(x).tolist() == [1j, 2j]
    assert f.reference(x, factor=2 + 1j).tolist() == [2 + 1j, 4 + 2j]
    with pytest.raises(UnrutError):
        f.reference(x, factor=complex(np.inf, 0))


def test_functions_of_complex_numbers_leave_real_ones_alone():
    assert dtype_here("real(x_f32[i])") is DType.f32
    assert dtype_here("conj(x_i32[i])") is DType.i32
    assert dtype_here("imag(x_f32[i])") is None
    assert dtype_here("angle(x_f32[i])") is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("x_c64[i] < 1", "have no order"),
        ("maximum(x_c64[i], 1)", "have no order"),
        ("max[k](x_c64[k])", "max of abs(...) or real(...)"),
        ("argmin[k](x_c64[k])", "abs(...)"),
        ("median[k](x_c64[k])", "median"),
        ("kth_smallest[k](x_c64[k], 0)", "kth_smallest"),
        ("logsumexp[k](x_c64[k])", "abs(...)"),
        ("softmax(x_c64[i], along=i)", "abs(...)"),
        ("cast(x_c64[i], f32)", "real(...), imag(...) or abs(...)"),
        ("cast(x_c128[i], i32)", "which are f64"),
        ("x_c64[i] // 2", "real(z)"),
        ("x_c64[i] & 1", "real(z)"),
        ("floor(x_c64[i])", "real(z)"),
        ("x_c64[i]**0.5", "exp(w*log(z))"),
        ("x_f32[i]**x_c64[i]", "exp(w*log(z))"),
        ("x_c64[i]**x_i32[i]", "powers of constant integers only"),
        ("x_c64[i]**i", "powers of constant integers only"),
        ("x_f32.outside(1j)[i - 1]", "what is read outside"),
        ("sum[k](x_c64[k], dtype=f64)", "can't accumulate in f64"),
        ("max[k](x_f32[k], dtype=c64)", "can't accumulate in c64"),
        ("where(x_c64[i], 1, 2)", "not a truth value"),
    ],
)
def test_what_is_refused_says_what_to_do(expression, words):
    with pytest.raises(DTypeError) as error:
        program_of(expression)
    assert words in str(error.value)
    assert "try: " in str(error.value)


def test_a_number_that_is_not_imaginary_has_no_mark():
    body = program_of("where(i > 1, x_c64[i], 2)").statement("V").body
    numbers = [e for e in subexpressions(body) if isinstance(e, Const) and e.dtype.is_complex]
    assert [(n.value, n.imaginary) for n in numbers] == [(2, False)]
