# SPDX-License-Identifier: Apache-2.0
"""Errors of scalar functions, by their kind: comparisons, predicates, integers, and the floating-point ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unrut.program.functions import COMPARISONS, PREDICATES
from unrut.program.nodes import Call
from unrut.program.types import DType
from unrut.reference.bounds.arithmetic import add, divide, multiply
from unrut.reference.bounds.functions import one_argument, selection, two_arguments
from unrut.reference.bounds.measured import Measured, any_undecided, exact, is_nan, may_wrap, settle
from unrut.reference.bounds.signs import Signs
from unrut.reference.calls import call
from unrut.reference.places import Array, Bools


def measured_call(expr: Call, arguments: Sequence[Measured], signs: Signs) -> Measured:
    """`function(*arguments)` with its error. `signs` knows what the forms of its arguments say."""
    function = expr.function
    if function in COMPARISONS:
        return _comparison(function, *arguments)
    zero_signs = [signs.zero_is_known(a) for a in expr.arguments]
    if function in PREDICATES:
        return _predicate(function, arguments[0], zero_signs[0])
    if not expr.dtype.is_float:
        return _whole(function, arguments, expr.dtype)
    if len(arguments) == 1:
        return _of_one(function, arguments[0], expr.dtype, zero_signs[0], signs.least(expr.arguments[0]))
    return _of_two(function, arguments, expr.dtype, zero_signs, signs.least(expr.arguments[1]))


def _of_one(function: str, x: Measured, dtype: DType, zero_sign: bool, least: float) -> Measured:
    match function:
        case "square":
            return multiply(x, x, np.square(x.value), dtype)
        case "reciprocal":
            return divide(exact(np.ones_like(x.value)), x, call(function, [x.value]), dtype, zero_sign, least)
        case _:
            return one_argument(function, x, dtype, least)


def _of_two(
    function: str, arguments: Sequence[Measured], dtype: DType, zero_signs: Sequence[bool], least: float
) -> Measured:
    x, y = arguments
    match function:
        case "add" | "subtract":
            return add(x, y, call(function, [x.value, y.value]), dtype)
        case "multiply":
            return multiply(x, y, call(function, [x.value, y.value]), dtype)
        case "divide":
            return divide(x, y, call(function, [x.value, y.value]), dtype, zero_signs[1], least)
        case "copysign":
            return _copysign(x, y, dtype, zero_signs[1])
        case "maximum" | "minimum" | "fmax" | "fmin":
            return selection(function, x, y, dtype)
        case _:
            found = two_arguments(function, x, y, dtype)
            at_zero = _zero_decides(function, arguments, zero_signs)
            return settle(found.value, np.where(at_zero, np.inf, found.error), found.undecided, dtype)


def _zero_decides(function: str, arguments: Sequence[Measured], zero_signs: Sequence[bool]) -> Bools:
    """Where the unknown sign of a zero decides the result: poles, and the two ends of an angle's cut."""
    result = np.zeros((1,) * arguments[0].value.ndim, np.bool_)
    for x, known in zip(arguments, zero_signs, strict=True):
        if not known and function in ("power", "arctan2", "floor_divide", "remainder"):
            result = result | ((x.value == 0) & (x.error == 0))
    if function == "power":
        result = result & (arguments[1].value < 0)
    return result


def _comparison(function: str, x: Measured, y: Measured) -> Measured:
    """Decided where the arguments are known, further apart than their errors, or one of them is NaN."""
    value = call(function, [x.value, y.value])
    if not x.error.any() and not y.error.any():
        return Measured(value=value, error=np.zeros((1,) * value.ndim), undecided=any_undecided(x, y))
    known = (x.error == 0) & (y.error == 0)
    apart = np.abs(np.subtract(x.value, y.value, dtype=np.float64)) > (x.error + y.error) * (1 + 1e-12)
    open_ = ~(known | apart | is_nan(x) | is_nan(y))
    return Measured(value=value, error=open_.astype(np.float64), undecided=any_undecided(x, y) | open_)


def _predicate(function: str, x: Measured, zero_sign: bool) -> Measured:
    """`isnan`, `isinf`, `isfinite` are decided by a finite error, `signbit` by one below the magnitude."""
    value = call(function, [x.value])
    if function == "signbit":
        open_ = np.where(x.error == 0, (x.value == 0) & (not zero_sign), ~(np.abs(x.value) > x.error))
    else:
        open_ = np.isinf(x.error)
    return Measured(value=value, error=open_.astype(np.float64), undecided=x.undecided | open_)


def _copysign(x: Measured, y: Measured, dtype: DType, zero_sign: bool) -> Measured:
    value = call("copysign", [x.value, y.value])
    sign = _predicate("signbit", y, zero_sign)
    error = np.where(sign.error > 0, 2 * np.abs(x.value) + x.error, x.error)
    return settle(value, error, any_undecided(x, sign), dtype)


def _whole(function: str, arguments: Sequence[Measured], dtype: DType) -> Measured:
    """Integers and booleans: exact, as long as their arguments are."""
    value = call(function, [a.value for a in arguments])
    undecided = any_undecided(*arguments)
    if not any(a.error.any() for a in arguments):
        return Measured(value=value, error=np.zeros((1,) * value.ndim), undecided=undecided)
    if dtype is DType.bool:
        return Measured(value=value, error=_boolean(function, arguments), undecided=undecided)
    total = np.zeros((1,) * value.ndim)
    for a in arguments:
        total = total + a.error
    if function not in ("add", "subtract", "negative", "abs", "maximum", "minimum"):
        total = np.where(total > 0, np.inf, 0.0)
    wraps = may_wrap(value, total, dtype)
    return Measured(value=value, error=np.where(wraps & (total > 0), np.inf, total), undecided=undecided)


def _boolean(function: str, arguments: Sequence[Measured]) -> Array:
    """Kleene's three-valued logic: `False & unknown` is known, `True & unknown` is not; 1 where not known."""
    open_ = [a.error > 0 for a in arguments]
    match function, arguments:
        case "bitwise_and" | "multiply" | "minimum", (x, y):
            known_false = (~x.value & ~open_[0]) | (~y.value & ~open_[1])
            return ((open_[0] | open_[1]) & ~known_false).astype(np.float64)
        case "bitwise_or" | "add" | "maximum", (x, y):
            known_true = (x.value & ~open_[0]) | (y.value & ~open_[1])
            return ((open_[0] | open_[1]) & ~known_true).astype(np.float64)
        case _:
            return np.asarray(sum(o.astype(np.float64) for o in open_)).clip(max=1.0)
