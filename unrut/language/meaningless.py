# SPDX-License-Identifier: Apache-2.0
"""Functions that have no meaning for the dtypes they are given: the errors, each with what was perhaps meant."""

from __future__ import annotations

from unrut.errors import DTypeError
from unrut.language.declarations import at
from unrut.language.notation import Applied, Conversion
from unrut.program.functions import FUNCTIONS
from unrut.program.nodes import Const, Expr
from unrut.program.promotion import Kind
from unrut.program.types import DType


def check_exponent(term: Applied, exponent: Expr, is_complex: bool) -> None:
    """An integer has powers of constants from 0 on, a complex number of constant integers. Raises DTypeError."""
    if isinstance(exponent, Const) and (exponent.value >= 0 or is_complex):
        return
    if is_complex:
        raise DTypeError(
            "a complex number has powers of constant integers only",
            places=at(term.span),
            remedy="exp(w*log(z)) for z**w",
        )
    fault = "negative" if isinstance(exponent, Const) else "no constant"
    raise DTypeError(
        f"an integer to a power that is {fault} has no integer meaning",
        places=at(term.span),
        remedy="cast(base, f64)**exponent; for powers of two, 1 << exponent",
    )


def meaningless(term: Applied, kinds: list[Kind]) -> DTypeError:
    """The error for a function that dtypes don't have."""
    truths = all(kind.dtype is DType.bool for kind in kinds)
    floats = any(kind.dtype.is_float for kind in kinds)
    if any(kind.dtype.is_complex for kind in kinds):
        return _of_complex(term, kinds)
    match term.function:
        case "imag" | "angle":
            remedy = "0, or cast(a, c64) inside it"
        case "subtract" if truths:
            remedy = "a ^ b for exclusive or, or cast(a, i32) - cast(b, i32)"
        case "negative" if truths:
            remedy = "~a for not"
        case "bitwise_and" | "bitwise_or" | "bitwise_xor" | "invert" if floats:
            remedy = "comparisons in brackets: (a < b) & (c < d)"
        case "left_shift" | "right_shift" if floats:
            remedy = "a * 2.0**n"
        case _:
            remedy = "cast(a, f32)" if truths else "another dtype: cast(a, f32)"
    shown = " and ".join(str(kind) for kind in kinds)
    name = FUNCTIONS[term.function].symbol or term.function
    return DTypeError(f"`{name}` has no meaning for {shown}", places=at(term.span), remedy=remedy)


def _of_complex(term: Applied, kinds: list[Kind]) -> DTypeError:
    match term.function:
        case "less" | "less_equal" | "greater" | "greater_equal" | "maximum" | "minimum" | "fmax" | "fmin":
            remedy = "complex numbers have no order: abs(z), real(z) or imag(z) of both"
        case "power":
            remedy = "exp(w*log(z)) for z**w; z*z or z**2 for a constant integer"
        case _:
            remedy = "real(z) and imag(z), which are real"
    shown = " and ".join(str(kind) for kind in kinds)
    name = FUNCTIONS[term.function].symbol or term.function
    return DTypeError(f"`{name}` has no meaning for {shown}", places=at(term.span), remedy=remedy)


def drops_a_part(kind: Kind, dtype: DType, term: Conversion) -> DTypeError:
    """The error for a cast from a complex dtype to a real one."""
    return DTypeError(
        f"a cast of {kind} to {dtype.name} would drop the imaginary part",
        places=at(term.span),
        remedy=f"real(...), imag(...) or abs(...), which are {kind.dtype.part.name}",
    )
