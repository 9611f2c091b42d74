# SPDX-License-Identifier: Apache-2.0
"""The scalar functions of the notation: NumPy's names, arity, and how the operators among them are written.

`maximum` and `minimum` propagate NaN, `fmax` and `fmin` drop it, `rint` rounds halves to even, integer `floor_divide` and
`remainder` floor and give 0 for a zero divisor: all as in NumPy. `real`, `imag`, `conj`, `angle` are of complex numbers.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One scalar function. `symbol` is set for operators; a higher `precedence` binds tighter (Python's order)."""

    name: str
    arity: int
    symbol: str = ""
    precedence: int = 100


_OPERATORS = (
    ("less", 2, "<", 40), ("less_equal", 2, "<=", 40), ("greater", 2, ">", 40), ("greater_equal", 2, ">=", 40),
    ("equal", 2, "==", 40), ("not_equal", 2, "!=", 40),
    ("bitwise_or", 2, "|", 50), ("bitwise_xor", 2, "^", 51), ("bitwise_and", 2, "&", 52),
    ("left_shift", 2, "<<", 55), ("right_shift", 2, ">>", 55),
    ("add", 2, "+", 60), ("subtract", 2, "-", 60),
    ("multiply", 2, "*", 70), ("divide", 2, "/", 70), ("floor_divide", 2, "//", 70), ("remainder", 2, "%", 70),
    ("negative", 1, "-", 80), ("invert", 1, "~", 80), ("power", 2, "**", 90),
)  # fmt: skip

_UNARY = (
    "abs exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal sin cos tan arcsin arccos arctan sinh cosh tanh "
    "arcsinh arccosh arctanh floor ceil trunc rint sign erf isnan isinf isfinite signbit real imag conj angle"
).split()

_BINARY = "maximum minimum fmax fmin arctan2 hypot copysign logaddexp".split()

FUNCTIONS: dict[str, Function] = {
    **{name: Function(name=name, arity=arity, symbol=symbol, precedence=p) for name, arity, symbol, p in _OPERATORS},
    **{name: Function(name=name, arity=1) for name in _UNARY},
    **{name: Function(name=name, arity=2) for name in _BINARY},
}

INNER = {name: Function(name=name, arity=1) for name in ("order_key", "order_value")}
"""Functions that the notation does not have, and emitted code has: a float to an integer of its width that is ordered as
floats are (-0 as 0, NaN behind infinity), and back."""


def known_function(name: str) -> Function:
    """A function by name, of the notation or of emitted code. Raises KeyError for any other name."""
    return FUNCTIONS.get(name) or INNER[name]


COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})
PREDICATES = frozenset({"isnan", "isinf", "isfinite", "signbit"})
