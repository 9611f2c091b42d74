# SPDX-License-Identifier: Apache-2.0
"""What each scalar function costs, in operations of the kinds that a machine is measured by.

A kind and a dtype make a key, as in `fma_f32`. Elementary functions have keys of their own, as in `exp_f32`. Complex numbers
are reckoned in their parts.
"""

from __future__ import annotations

from collections import Counter
from math import log2

from unrut.program.nodes import Call, Cast, Const, Expr
from unrut.program.types import DType

Work = Counter[str]
"""Operations by kind and dtype."""

_PLAIN = {
    **dict.fromkeys(("add", "subtract", "negative", "floor", "ceil", "trunc", "rint"), "add"),
    **dict.fromkeys(("multiply", "square"), "mul"),
    **dict.fromkeys(("divide", "reciprocal"), "divide"),
    "sqrt": "sqrt",
}
_SPECIAL = (
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh erf cbrt "
    "power arctan2 hypot"
).split()
_COMPLEX: dict[str, dict[str, int]] = {
    "add": {"add": 2}, "subtract": {"add": 2}, "negative": {"add": 2}, "conj": {"add": 1}, "multiply": {"fma": 4},
    "square": {"fma": 3}, "divide": {"fma": 6, "divide": 2}, "reciprocal": {"fma": 2, "divide": 2},
    "exp": {"exp": 1, "sin": 1, "cos": 1, "fma": 2}, "log": {"log": 1, "hypot": 1, "arctan2": 1},
    "sqrt": {"sqrt": 2, "fma": 4, "divide": 1}, "abs": {"hypot": 1}, "angle": {"arctan2": 1}, "real": {}, "imag": {},
    **{name: {"exp": 1, "sin": 1, "cos": 1, "fma": 4} for name in ("sin", "cos", "sinh", "cosh")},
    **{name: {"exp": 1, "sin": 1, "cos": 1, "fma": 4, "divide": 2} for name in ("tan", "tanh")},
}  # fmt: skip


def computed_in(dtype: DType) -> DType:
    """What numbers of a dtype are computed in: floats of 16 bits as f32."""
    return DType.f32 if dtype.is_half else dtype


def one(kind: str, dtype: DType, count: float = 1) -> Work:
    """Operations of one kind."""
    return Work({f"{kind}_{computed_in(dtype).part.name}": count})  # type: ignore[dict-item]


def work_of(call: Call) -> Work:
    """Operations of a call itself, at one place."""
    dtype = call.arguments[0].dtype
    name = call.function
    if dtype.is_complex:
        if name == "multiply" and any(map(_from_real, call.arguments)):
            return one("fma", dtype, 2)
        table = _COMPLEX.get(name, {"max": 2} if name != "power" else {"fma": 8})
        return sum((one(kind, dtype, n) for kind, n in table.items()), Work())
    if name == "power":
        return _power(call, dtype)
    if name in _SPECIAL:
        return one(name, dtype) if dtype.is_float else one(name, DType.f64)
    if name == "logaddexp":
        return one("exp", dtype) + one("log1p", dtype) + one("add", dtype, 2) + one("max", dtype)
    if name in ("floor_divide", "remainder"):
        return one("divide", dtype) + (one("add", dtype, 2) if dtype.is_float else Work())
    if name == "reciprocal" and not dtype.is_float:
        return one("max", dtype)
    return one(_PLAIN.get(name, "max"), dtype)  # comparisons, bits, signs: one cheap vector operation each


def _power(call: Call, dtype: DType) -> Work:
    exponent = call.arguments[1]
    while isinstance(exponent, Cast):
        exponent = exponent.operand
    if isinstance(exponent, Const) and float(exponent.value).is_integer() and abs(exponent.value) <= 64:
        n = abs(int(exponent.value))
        squarings = max(n.bit_length() - 1, 0) + max(n.bit_count() - 1, 0)
        return one("mul", dtype, squarings) + (one("divide", dtype) if exponent.value < 0 else Work())
    return one("power", dtype) if dtype.is_float else one("mul", dtype, 8)


def _from_real(expr: Expr) -> bool:
    return isinstance(expr, Cast) and not expr.operand.dtype.is_complex


def is_product(expr: Expr) -> bool:
    """Whether an addition of it is a multiply-add."""
    return isinstance(expr, Call) and expr.function in ("multiply", "square") and computed_in(expr.dtype).part.is_float


def is_special(key: str) -> bool:
    """Whether a key is one of an elementary function."""
    return key.rsplit("_", 1)[0] in _SPECIAL


def times(work: Work, factor: float) -> Work:
    """Each number times a factor."""
    return Work({key: count * factor for key, count in work.items()})  # type: ignore[misc]


def combining(kind: str, dtype: DType) -> Work:
    """A combination of two numbers, complex ones in their parts."""
    if not dtype.is_complex:
        return one(kind, dtype)
    return one("fma", dtype, 4) if kind == "mul" else one(kind, dtype, 2)


def multiply_add(product: Expr) -> Work:
    """A product and its addition."""
    if not product.dtype.is_complex:
        return (
            one("fma", product.dtype)
            if product.dtype.is_float
            else one("mul", product.dtype) + one("add", product.dtype)
        )
    assert isinstance(product, Call)
    return work_of(product)


def selection(n: float, dtype: DType, *, several: float) -> Work:
    """One or several order statistics of n terms."""
    exchanges = (0.4 if several == 1 else 0.5) * n * log2(max(n, 2)) ** 2
    counting = several * n * 8 * dtype.size
    return one("max", dtype, max(1.0, min(exchanges, counting)))
