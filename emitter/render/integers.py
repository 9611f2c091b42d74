# SPDX-License-Identifier: Apache-2.0
"""Integers in C. They wrap; those below 32 bits are computed in int, of which the low bits are kept.

Unsigned ones of 32 and 64 bits wrap by themselves. What depends on the width (shifts, maximum) or on more than the low bits
(division) has a function for each type, or is that of i32 where every value is one of i32.
"""

from __future__ import annotations

from collections.abc import Mapping

from unrut.emitter.render.spelling import (
    AND,
    ANYTHING,
    EQUALITY,
    OR,
    PRODUCT,
    SAME,
    SUM,
    UNARY,
    XOR,
    Spelling,
    call,
    operator,
    prefix,
)
from unrut.program.types import DType

TYPES: Mapping[DType, str] = {
    DType.bool: "bool",
    **{dtype: f"{'' if dtype.is_signed else 'u'}int{8 * dtype.size}_t" for dtype in DType if dtype.is_integer},
    DType.f16: "ur_f16",
    DType.bf16: "ur_bf16",
    DType.f32: "float",
    DType.f64: "double",
}

SUFFIXES: Mapping[DType, str] = {DType.u32: "u", DType.u64: "ull", DType.f32: "f"}
LOWEST: Mapping[DType, str] = {d: f"INT{8 * d.size}_MIN" for d in DType if d.is_integer and d.is_signed}

_OF_WIDTH = ("left_shift", "right_shift", "maximum", "minimum")
_TWO = ("add", "subtract", "multiply", "floor_divide", "remainder", "power")
_ONE = ("negative", "abs", "square", "reciprocal", "sign")
_BITS = {"bitwise_and": ("&", AND), "bitwise_xor": ("^", XOR), "bitwise_or": ("|", OR)}


def integer_functions(dtype: DType) -> dict[str, Spelling]:
    """The functions that keep an integer type, by their names."""
    own = {name: call(f"ur_{name}_{dtype.name}", 2) for name in _OF_WIDTH}
    own |= {"fmax": own["maximum"], "fmin": own["minimum"]}
    bits = {name: operator(symbol, precedence, strict=True) for name, (symbol, precedence) in _BITS.items()}
    bits["invert"] = prefix("~")
    if dtype.size < 4:
        return own | {name: _low_bits(s, dtype) for name, s in {**bits, **_small(dtype)}.items()}
    functions = {name: call(f"ur_{name}_{dtype.name}", 2) for name in _TWO}
    functions |= {name: call(f"ur_{name}_{dtype.name}") for name in _ONE}
    if not dtype.is_signed:
        functions |= {
            "add": operator("+", SUM),
            "subtract": operator("-", SUM),
            "multiply": operator("*", PRODUCT),
            "negative": _minus(SUFFIXES[dtype]),
            "abs": SAME,
        }
    return own | functions | bits


def _small(dtype: DType) -> dict[str, Spelling]:
    """Of a type below 32 bits, in int, where nothing overflows but a product of two u16."""
    functions = {name: call(f"ur_{name}_i32", 2) for name in _TWO} | {name: call(f"ur_{name}_i32") for name in _ONE}
    functions |= {"add": operator("+", SUM), "subtract": operator("-", SUM), "negative": _minus("")}
    if not dtype.is_signed:
        functions["abs"] = SAME
    if dtype is not DType.u16:
        functions["multiply"] = operator("*", PRODUCT)
    return functions


def _minus(suffix: str) -> Spelling:
    return Spelling(pattern=f"0{suffix} - {{0}}", precedence=SUM, inside=(PRODUCT,))


def _low_bits(inner: Spelling, dtype: DType) -> Spelling:
    """The conversion of a value of type int to a smaller type."""
    pattern = inner.pattern if inner.pattern.startswith(("ur_", "~")) else f"({inner.pattern})"
    return Spelling(pattern=f"({TYPES[dtype]}){pattern}", precedence=UNARY, inside=inner.inside)


def mixed_comparisons() -> dict[tuple[str, DType], Spelling]:
    """Comparisons of i64 with u64, by the first of the two: as whole numbers."""
    symbols = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!="}
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
    found = {}
    for name, symbol in symbols.items():
        forth = f"ur_order_i64_u64({{0}}, {{1}}) {symbol} 0"
        back = f"ur_order_i64_u64({{1}}, {{0}}) {turned.get(symbol, symbol)} 0"
        for first, pattern in ((DType.i64, forth), (DType.u64, back)):
            found[name, first] = Spelling(pattern=pattern, precedence=EQUALITY, inside=(ANYTHING, ANYTHING))
    return found
