# SPDX-License-Identifier: Apache-2.0
"""Functions of numbers, under NumPy's names: each takes expressions, axes, and numbers, elementwise."""

from __future__ import annotations

import math

from unrut.language.dtypes import dtype_name
from unrut.language.notation import Choice, Conversion
from unrut.language.operators import Expression, Value, apply, as_expression
from unrut.language.origin import caller_span
from unrut.language.vocabulary import spelled_out

inf = math.inf
nan = math.nan
pi = math.pi


def abs(x: Value) -> Expression:  # noqa: A001
    """|x|."""
    return apply("abs", x)


def exp(x: Value) -> Expression:
    """e to the x."""
    return apply("exp", x)


def exp2(x: Value) -> Expression:
    """2 to the x."""
    return apply("exp2", x)


def expm1(x: Value) -> Expression:
    """exp(x) - 1, exact near 0."""
    return apply("expm1", x)


def log(x: Value) -> Expression:
    """Natural logarithm: -inf at 0, NaN below."""
    return apply("log", x)


def log2(x: Value) -> Expression:
    """Logarithm to base 2."""
    return apply("log2", x)


def log10(x: Value) -> Expression:
    """Logarithm to base 10."""
    return apply("log10", x)


def log1p(x: Value) -> Expression:
    """log(1 + x), exact near 0."""
    return apply("log1p", x)


def sqrt(x: Value) -> Expression:
    """Square root, correctly rounded; NaN below 0."""
    return apply("sqrt", x)


def cbrt(x: Value) -> Expression:
    """Cube root."""
    return apply("cbrt", x)


def square(x: Value) -> Expression:
    """x*x."""
    return apply("square", x)


def reciprocal(x: Value) -> Expression:
    """1/x."""
    return apply("reciprocal", x)


def sin(x: Value) -> Expression:
    """Sine, x in radians."""
    return apply("sin", x)


def cos(x: Value) -> Expression:
    """Cosine, x in radians."""
    return apply("cos", x)


def tan(x: Value) -> Expression:
    """Tangent, x in radians."""
    return apply("tan", x)


def arcsin(x: Value) -> Expression:
    """Inverse sine, in [-pi/2, pi/2]."""
    return apply("arcsin", x)


def arccos(x: Value) -> Expression:
    """Inverse cosine, in [0, pi]."""
    return apply("arccos", x)


def arctan(x: Value) -> Expression:
    """Inverse tangent, in [-pi/2, pi/2]."""
    return apply("arctan", x)


def sinh(x: Value) -> Expression:
    """Hyperbolic sine."""
    return apply("sinh", x)


def cosh(x: Value) -> Expression:
    """Hyperbolic cosine."""
    return apply("cosh", x)


def tanh(x: Value) -> Expression:
    """Hyperbolic tangent."""
    return apply("tanh", x)


def arcsinh(x: Value) -> Expression:
    """Inverse hyperbolic sine."""
    return apply("arcsinh", x)


def arccosh(x: Value) -> Expression:
    """Inverse hyperbolic cosine; NaN below 1."""
    return apply("arccosh", x)


def arctanh(x: Value) -> Expression:
    """Inverse hyperbolic tangent; NaN outside [-1, 1]."""
    return apply("arctanh", x)


def floor(x: Value) -> Expression:
    """The largest integer that is at most x, as a float."""
    return apply("floor", x)


def ceil(x: Value) -> Expression:
    """The smallest integer that is at least x, as a float."""
    return apply("ceil", x)


def trunc(x: Value) -> Expression:
    """x without its fraction."""
    return apply("trunc", x)


def rint(x: Value) -> Expression:
    """The nearest integer, halves to even."""
    return apply("rint", x)


def sign(x: Value) -> Expression:
    """-1, 0 or 1; NaN for NaN."""
    return apply("sign", x)


def real(z: Value) -> Expression:
    """The real part of a complex number; a real number itself."""
    return apply("real", z)


def imag(z: Value) -> Expression:
    """The imaginary part of a complex number."""
    return apply("imag", z)


def conj(z: Value) -> Expression:
    """real(z) - i imag(z); a real number itself."""
    return apply("conj", z)


def angle(z: Value) -> Expression:
    """The angle of a complex number, arctan2(imag(z), real(z)), in [-pi, pi]."""
    return apply("angle", z)


def erf(x: Value) -> Expression:
    """Error function."""
    return apply("erf", x)


def isnan(x: Value) -> Expression:
    """Whether x is NaN."""
    return apply("isnan", x)


def isinf(x: Value) -> Expression:
    """Whether x is infinite."""
    return apply("isinf", x)


def isfinite(x: Value) -> Expression:
    """Whether x is neither infinite nor NaN."""
    return apply("isfinite", x)


def signbit(x: Value) -> Expression:
    """Whether the sign bit is set, also of -0.0 and NaN."""
    return apply("signbit", x)


def maximum(a: Value, b: Value) -> Expression:
    """The larger; NaN if either is."""
    return apply("maximum", a, b)


def minimum(a: Value, b: Value) -> Expression:
    """The smaller; NaN if either is."""
    return apply("minimum", a, b)


def fmax(a: Value, b: Value) -> Expression:
    """The larger, ignoring NaN."""
    return apply("fmax", a, b)


def fmin(a: Value, b: Value) -> Expression:
    """The smaller, ignoring NaN."""
    return apply("fmin", a, b)


def arctan2(y: Value, x: Value) -> Expression:
    """The angle of the point (x, y), in [-pi, pi]."""
    return apply("arctan2", y, x)


def hypot(a: Value, b: Value) -> Expression:
    """sqrt(a*a + b*b) without overflow."""
    return apply("hypot", a, b)


def copysign(a: Value, b: Value) -> Expression:
    """|a| with the sign of b."""
    return apply("copysign", a, b)


def logaddexp(a: Value, b: Value) -> Expression:
    """log(exp(a) + exp(b)) without overflow."""
    return apply("logaddexp", a, b)


def sigmoid(x: Value) -> Expression:
    """1/(1 + exp(-x))."""
    return _spelled_out("sigmoid", x)


def logsigmoid(x: Value) -> Expression:
    """log(1/(1 + exp(-x))), as minimum(x, 0) - log1p(exp(-abs(x))), which overflows for no x."""
    return _spelled_out("logsigmoid", x)


def _spelled_out(name: str, x: Value) -> Expression:
    span = caller_span()
    part = as_expression(x, span)
    return Expression(spelled_out(name, part.term, span), *[part] * 8)


def where(condition: Value, then: Value, otherwise: Value) -> Expression:
    """`then` where the condition holds, else `otherwise`. The branch that is not taken reads nothing."""
    span = caller_span()
    parts = [as_expression(value, span) for value in (condition, then, otherwise)]
    terms = [part.term for part in parts]
    return Expression(Choice(condition=terms[0], then=terms[1], otherwise=terms[2], span=span), *parts)


def cast(e: Value, dtype: object) -> Expression:
    """The value in another dtype: `ur.cast(e, ur.f64)`.

    Float to integer cuts the fraction off, saturates, and takes NaN to 0; integers wrap; to bool compares with 0.
    """
    span = caller_span()
    part = as_expression(e, span)
    return Expression(Conversion(operand=part.term, dtype=dtype_name(dtype, span), span=span), part)
