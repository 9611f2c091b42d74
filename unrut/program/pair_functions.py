# SPDX-License-Identifier: Apache-2.0
"""Functions of complex numbers as real expressions of their real and imaginary parts: the formulas of the language's page.

    multiply    (ac - bd) + i(ad + bc)
    divide      Smith, "Algorithm 116: complex division", CACM 5 (1962): by the larger part of the divisor first
    sqrt        Kahan, "Branch cuts for complex elementary functions" (1987), section 4, without the scaling
    the others  Abramowitz and Stegun, "Handbook of Mathematical Functions", 4.3.55 to 4.5.51

A `Pair` without an imaginary part is a real number: it scales both parts, and is added to the real one alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from unrut.errors import InternalError
from unrut.program.nodes import Call, Const, Expr, Where
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A number by its parts, both of one real dtype; no imaginary part for a real number."""

    re: Expr
    im: Expr | None = None

    @property
    def both(self) -> tuple[Expr, Expr]:
        """The parts of a complex number."""
        if self.im is None:
            raise InternalError("a real number where a complex one is expected")
        return self.re, self.im


def call(function: str, *arguments: Expr, dtype: DType | None = None) -> Call:
    """A real function, by default of the dtype of its first argument."""
    return Call(function=function, arguments=arguments, dtype=dtype or arguments[0].dtype)


def number(value: float, like: Expr) -> Const:
    """A constant of the dtype of an expression."""
    return Const(value=value, dtype=like.dtype)


def choose(condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    """A lazy choice."""
    return Where(condition=condition, then=then, otherwise=otherwise, dtype=then.dtype)


def add(z: Pair, w: Pair) -> Pair:
    re = call("add", z.re, w.re)
    if z.im is None or w.im is None:
        return Pair(re=re, im=z.im or w.im)
    return Pair(re=re, im=call("add", z.im, w.im))


def subtract(z: Pair, w: Pair) -> Pair:
    re = call("subtract", z.re, w.re)
    if z.im is None or w.im is None:
        return Pair(re=re, im=z.im if w.im is None else call("negative", w.im))
    return Pair(re=re, im=call("subtract", z.im, w.im))


def multiply(z: Pair, w: Pair) -> Pair:
    if z.im is None or w.im is None:
        scale, (re, im) = (z.re, w.both) if z.im is None else (w.re, z.both)
        left = z.im is None
        parts = (call("multiply", scale, part) if left else call("multiply", part, scale) for part in (re, im))
        return Pair(re=next(parts), im=next(parts))
    re = call("subtract", call("multiply", z.re, w.re), call("multiply", z.im, w.im))
    return Pair(re=re, im=call("add", call("multiply", z.re, w.im), call("multiply", z.im, w.re)))


def divide(z: Pair, w: Pair) -> Pair:
    """`z / w`; a zero divisor divides both parts, as in NumPy."""
    if w.im is None:
        re, im = z.both
        return Pair(re=call("divide", re, w.re), im=call("divide", im, w.re))
    c, d = w.both
    upright, at_zero = _smith(z, c, d, turned=False), call("abs", c)
    lying = _smith(z, d, c, turned=True)
    numerator = (z.re, number(0.0, z.re) if z.im is None else z.im)
    larger = call("greater_equal", call("abs", c), call("abs", d), dtype=DType.bool)
    zero = call("equal", c, number(0.0, c), dtype=DType.bool)
    found = [
        choose(larger, choose(zero, call("divide", part, at_zero), one), other)
        for part, one, other in zip(numerator, upright, lying, strict=True)
    ]
    return Pair(re=found[0], im=found[1])


def _smith(z: Pair, larger: Expr, smaller: Expr, *, turned: bool) -> tuple[Expr, Expr]:
    """The parts of `z / w` where `larger` is the larger part of w: its real one, or, `turned`, its imaginary one."""
    ratio = call("divide", smaller, larger)
    scale = call("add", larger, call("multiply", smaller, ratio))
    a, b = z.re, z.im
    if b is None:
        scaled = call("multiply", a, ratio)
        re, im = (scaled, call("negative", a)) if turned else (a, call("negative", scaled))
    elif turned:
        re = call("add", call("multiply", a, ratio), b)
        im = call("subtract", call("multiply", b, ratio), a)
    else:
        re = call("add", a, call("multiply", b, ratio))
        im = call("subtract", b, call("multiply", a, ratio))
    return call("divide", re, scale), call("divide", im, scale)


def reciprocal(z: Pair) -> Pair:
    return divide(Pair(re=number(1.0, z.re)), z)


def negative(z: Pair) -> Pair:
    re, im = z.both
    return Pair(re=call("negative", re), im=call("negative", im))


def conj(z: Pair) -> Pair:
    re, im = z.both
    return Pair(re=re, im=call("negative", im))


def exp(z: Pair) -> Pair:
    x, y = z.both
    return Pair(re=_product("exp", x, "cos", y), im=_odd(y, _product("exp", x, "sin", y)))


def log(z: Pair) -> Pair:
    return Pair(re=call("log", modulus(z)), im=angle(z))


def sqrt(z: Pair) -> Pair:
    x, y = z.both
    half = number(0.5, x)
    halves = call("multiply", half, call("abs", x)), call("multiply", half, call("hypot", x, y))
    root = call("sqrt", call("add", *halves))
    other = choose(
        call("equal", root, number(0.0, x), dtype=DType.bool),
        number(0.0, x),
        call("divide", call("multiply", half, call("abs", y)), root),
    )
    right = call("greater_equal", x, number(0.0, x), dtype=DType.bool)
    return Pair(re=choose(right, root, other), im=call("copysign", choose(right, other, root), y))


def sin(z: Pair) -> Pair:
    x, y = z.both
    return Pair(re=_product("sin", x, "cosh", y), im=_odd(y, _product("cos", x, "sinh", y)))


def cos(z: Pair) -> Pair:
    x, y = z.both
    return Pair(re=_product("cos", x, "cosh", y), im=call("negative", _odd(y, _product("sin", x, "sinh", y))))


def sinh(z: Pair) -> Pair:
    x, y = z.both
    return Pair(re=_product("sinh", x, "cos", y), im=_odd(y, _product("cosh", x, "sin", y)))


def cosh(z: Pair) -> Pair:
    x, y = z.both
    return Pair(re=_product("cosh", x, "cos", y), im=_odd(y, _product("sinh", x, "sin", y)))


def tanh(z: Pair) -> Pair:
    """(u (1 + v^2) + i v (1 - u^2)) / (1 + u^2 v^2) with u = tanh x, v = tan y, where 1 - u^2 is 1/cosh(x)^2."""
    x, y = z.both
    u, v, one = call("tanh", x), call("tan", y), number(1.0, x)
    scale = call("add", one, call("square", call("multiply", u, v)))
    re = call("divide", call("multiply", u, call("add", one, call("square", v))), scale)
    return Pair(re=re, im=call("divide", call("divide", v, call("square", call("cosh", x))), scale))


def tan(z: Pair) -> Pair:
    """-i tanh(iz)."""
    x, y = z.both
    re, im = tanh(Pair(re=call("negative", y), im=x)).both
    return Pair(re=im, im=call("negative", re))


def modulus(z: Pair) -> Expr:
    return call("hypot", *z.both)


def angle(z: Pair) -> Expr:
    x, y = z.both
    return call("arctan2", y, x)


def predicate(function: str, z: Pair) -> Expr:
    """Whether either part is NaN or infinite; whether both are finite."""
    parts = (call(function, part, dtype=DType.bool) for part in z.both)
    return call("bitwise_and" if function == "isfinite" else "bitwise_or", *parts)


def equal(z: Pair, w: Pair) -> Expr:
    same = (call("equal", a, b, dtype=DType.bool) for a, b in zip(z.both, w.both, strict=True))
    return call("bitwise_and", *same)


def not_equal(z: Pair, w: Pair) -> Expr:
    apart = (call("not_equal", a, b, dtype=DType.bool) for a, b in zip(z.both, w.both, strict=True))
    return call("bitwise_or", *apart)


def _product(f: str, x: Expr, g: str, y: Expr) -> Expr:
    return call("multiply", call(f, x), call(g, y))


def _odd(y: Expr, value: Expr) -> Expr:
    """A value that is odd in y: y itself where that is 0, whatever it is multiplied by."""
    return choose(call("equal", y, number(0.0, y), dtype=DType.bool), y, value)


TO_PAIR: Mapping[str, Callable[..., Pair]] = {
    "add": add, "subtract": subtract, "multiply": multiply, "divide": divide, "reciprocal": reciprocal,
    "negative": negative, "conj": conj, "exp": exp, "log": log, "sqrt": sqrt, "sin": sin, "cos": cos, "tan": tan,
    "sinh": sinh, "cosh": cosh, "tanh": tanh, "square": lambda z: multiply(z, z),
}  # fmt: skip
TO_REAL: Mapping[str, Callable[..., Expr]] = {
    "real": lambda z: z.re, "imag": lambda z: z.im, "abs": modulus, "angle": angle, "equal": equal,
    "not_equal": not_equal,
}  # fmt: skip
