# SPDX-License-Identifier: Apache-2.0
"""Errors of the elementary functions: the range of the function over `[x - e, x + e]`, then its own ulps.

A monotone function has its range at the ends of the interval; so has a step function, which is undecided where the ends
differ. An end outside the domain gives NaN, and then nothing is known.
"""

from __future__ import annotations

import numpy as np

from unrut.program.types import DType
from unrut.reference.bounds.measured import Measured, any_undecided, is_nan, rounding, settle
from unrut.reference.bounds.ulps import ULPS
from unrut.reference.calls import call
from unrut.reference.places import Array, Bools

MONOTONE = frozenset(
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt arcsin arccos arctan sinh tanh arcsinh arccosh arctanh erf".split()
)
STEPS = frozenset("floor ceil trunc rint sign".split())
EVEN = frozenset({"cosh", "square"})


def one_argument(function: str, x: Measured, dtype: DType, least: float) -> Measured:
    """`function(x)` for a floating-point function of one argument, which is below `least` in no kernel."""
    value = call(function, [x.value])
    low, high = np.maximum(x.value - x.error, np.minimum(least, x.value)), x.value + x.error
    undecided = x.undecided
    if function in ("negative", "abs"):
        return settle(value, x.error, undecided, dtype)
    if function in MONOTONE:
        spread = _spread(value, call(function, [low]), call(function, [high]))
    elif function in STEPS:
        spread = _spread(value, call(function, [low]), call(function, [high]))
        undecided = undecided | (spread > 0)
    elif function in EVEN:
        nearest = np.maximum(np.abs(x.value) - x.error, 0.0)
        farthest = np.abs(x.value) + x.error
        spread = _spread(value, call(function, [nearest]), call(function, [farthest]))
    elif function in ("sin", "cos"):
        spread = np.minimum(x.error, 2.0)
    else:
        assert function == "tan", function
        same_branch = np.floor(low / np.pi + 0.5) == np.floor(high / np.pi + 0.5)
        spread = np.where(same_branch, _spread(value, np.tan(low), np.tan(high)), np.inf)
    spread = np.where(x.error == 0, 0.0, spread)
    error = _rounded(function, value, spread, np.abs(value), dtype)
    # At an infinity, and where exact arguments give a special value, the result is a limit that every kernel takes.
    limit = np.isinf(x.value) & np.isin(value, (0.0, 1.0, -1.0))
    special = ~np.isfinite(value) & ((function != "square") | ~np.isfinite(x.value))
    error = np.where((x.error == 0) & (limit | special), 0.0, error)
    error = np.where(np.isinf(x.error), np.inf, error)
    return settle(value, error, undecided, dtype)


def two_arguments(function: str, x: Measured, y: Measured, dtype: DType) -> Measured:
    """`function(x, y)` for the other floating-point functions of two arguments."""
    value = call(function, [x.value, y.value])
    known = (x.error == 0) & (y.error == 0)
    undecided = any_undecided(x, y)
    magnitude = np.abs(value)
    match function:
        case "power":
            spread = _corners(function, value, x, y)
            crosses = np.abs(x.value) <= x.error
            through_zero = crosses & (y.error == 0) & (y.value > 0)
            spread = np.where(through_zero, np.maximum(spread, np.abs(value)), np.where(crosses, np.inf, spread))
        case "arctan2":
            spread = _corners(function, value, x, y)
            cut = (np.abs(x.value) <= x.error) & (y.value - y.error <= 0)
            spread = np.where(cut & ~known, 2 * np.pi, spread)
            undecided = undecided | (cut & ~known)
        case "hypot":
            spread = x.error + y.error
        case "logaddexp":
            spread = _corners(function, value, x, y)
            magnitude = magnitude + np.maximum(_finite(x.value), _finite(y.value))
        case _:
            return _quotient(function, x, y, value, dtype)
    error = _rounded(function, value, np.where(known, 0.0, spread), magnitude, dtype)
    error = np.where(known & ~np.isfinite(value), 0.0, error)
    error = np.where(np.isinf(x.error) | np.isinf(y.error), np.inf, error)
    return settle(value, error, undecided, dtype)


def _quotient(function: str, x: Measured, y: Measured, value: Array, dtype: DType) -> Measured:
    """`x // y` and `x % y`: decided where the quotients at all corners have the same floor; exact arguments always are."""
    known = (x.error == 0) & (y.error == 0)
    quotient = np.floor_divide(x.value, y.value)
    spread = _corners("floor_divide", quotient, x, y)
    turns = ~known & ((spread > 0) | (np.abs(y.value) <= y.error))
    if function == "floor_divide":
        spread = np.where(np.abs(y.value) <= y.error, np.inf, spread)
    else:
        spread = np.where(turns, np.abs(y.value) + y.error, x.error + np.abs(quotient) * y.error)
    error = _rounded(function, value, np.where(known, 0.0, spread), np.abs(value), dtype)
    exact = known & ((value == np.rint(value)) & (np.abs(value) <= rounding(dtype).integers) | ~np.isfinite(value))
    exact = exact & ((x.value == np.rint(x.value)) & (y.value == np.rint(y.value)) | (function == "floor_divide"))
    error = np.where(exact | (known & ~np.isfinite(value)), 0.0, error)
    return settle(value, error, any_undecided(x, y) | turns, dtype)


def _rounded(function: str, value: Array, spread: Array, magnitude: Array, dtype: DType) -> Array:
    """The spread that the arguments cause, and the function's own ulps on top."""
    ulps = ULPS[function]
    if ulps == 0:
        return spread
    r = rounding(dtype)
    own = r.unit * (magnitude + spread) + r.tiny * ((value != 0) | (spread != 0))
    return np.asarray(spread + 2 * ulps * own)


def _spread(value: Array, low: Array, high: Array) -> Array:
    return np.asarray(np.maximum(np.abs(value - low), np.abs(high - value)))


def _corners(function: str, value: Array, x: Measured, y: Measured) -> Array:
    """The range over the box of both intervals, for functions that are monotone in each argument alone."""
    spread = np.zeros(np.broadcast_shapes(x.value.shape, y.value.shape))
    for a in (x.value - x.error, x.value + x.error):
        for b in (y.value - y.error, y.value + y.error):
            spread = np.maximum(spread, np.abs(call(function, [a, b]) - value))
    return spread


def _finite(x: Array) -> Array:
    return np.where(np.isfinite(x), np.abs(x), 0.0)


def selection(function: str, x: Measured, y: Measured, dtype: DType) -> Measured:
    """`maximum`, `minimum`, `fmax`, `fmin`: no rounding; the error of whichever is surely chosen, else the larger one."""
    value = call(function, [x.value, y.value])
    upward = function in ("maximum", "fmax")
    x_wins, y_wins = _surely_above(x, y), _surely_above(y, x)
    if not upward:
        x_wins, y_wins = y_wins, x_wins
    error = np.where(x_wins, x.error, np.where(y_wins, y.error, np.maximum(x.error, y.error)))
    if function in ("maximum", "minimum"):
        error = np.where(is_nan(x) | is_nan(y), 0.0, error)
    else:
        error = np.where(is_nan(x), y.error, np.where(is_nan(y), x.error, error))
    return settle(value, error, any_undecided(x, y), dtype)


def _surely_above(x: Measured, y: Measured) -> Bools:
    return (x.value - x.error > y.value + y.error) & np.isfinite(x.error) & np.isfinite(y.error)
