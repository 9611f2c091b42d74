# SPDX-License-Identifier: Apache-2.0
"""Scalar functions of complex numbers z = x + iy, written out in their real and imaginary parts.

NumPy's complex arithmetic wherever it is these formulas; the others stand here, since the language promises them also at
infinities and where a partial result overflows.

Sources: Smith, "Algorithm 116: complex division", CACM 5 (1962); Kahan, "Branch cuts for complex elementary functions"
(1987), for the square root; Abramowitz and Stegun, 4.3.55 to 4.5.51, for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from unrut.reference.places import Array


def complex_call(function: str, arguments: Sequence[Array]) -> Array:
    """`function(*arguments)` where one of them is complex; others are real, and stay so in `+ - * /`."""
    result: Array = _FUNCTIONS[function](*arguments)
    return result


def pair(re: Array, im: Array) -> Array:
    """x + iy, without arithmetic: an infinite or NaN part leaves the other alone."""
    re, im = np.broadcast_arrays(re, im)
    found = np.empty(re.shape, np.complex128)
    found.real, found.imag = re, im
    return found


def _add(z: Array, w: Array) -> Array:
    return pair(z.real + w.real, z.imag + w.imag) if _both(z, w) else pair(z.real + w.real, (z if _is(z) else w).imag)


def _subtract(z: Array, w: Array) -> Array:
    if _both(z, w):
        return pair(z.real - w.real, z.imag - w.imag)
    return pair(z.real - w.real, z.imag if _is(z) else -w.imag)


def _multiply(z: Array, w: Array) -> Array:
    """(ac - bd) + i(ad + bc); a real factor scales both parts."""
    if _both(z, w):
        return pair(z.real * w.real - z.imag * w.imag, z.real * w.imag + z.imag * w.real)
    scale, number = (z, w) if _is(w) else (w, z)
    return pair(scale * number.real, scale * number.imag)


def _divide(z: Array, w: Array) -> Array:
    """Smith's method: with w = c + id, |c| >= |d|, r = d/c: ((a + br) + i(b - ar)) / (c + dr); the parts over |w| for w = 0.

    A real divisor divides both parts; a real dividend has b = 0 left out.
    """
    if not _is(w):
        return pair(z.real / w, z.imag / w)
    upright = np.abs(w.real) >= np.abs(w.imag)
    zero = upright & (w.real == 0)
    larger, smaller = np.where(upright, w.real, w.imag), np.where(upright, w.imag, w.real)
    ratio = smaller / larger
    scale = np.where(zero, 0.0, larger + smaller * ratio)
    a, b = z.real, z.imag if _is(z) else np.zeros(z.shape)
    if _is(z):
        re, im = np.where(upright, a + b * ratio, a * ratio + b), np.where(upright, b - a * ratio, b * ratio - a)
    else:
        re, im = np.where(upright, a, a * ratio), np.where(upright, -a * ratio, -a)
    return pair(np.where(zero, a, re) / scale, np.where(zero, b, im) / scale)


def _power(z: Array, exponent: Array) -> Array:
    """z*z*...*z by squaring; 1/z^-n for negative n, 1 for 0."""
    n = int(exponent.flat[0]) if exponent.size else 0
    result, square = None, z
    for bit in bin(abs(n))[:1:-1]:
        if bit == "1":
            result = square if result is None else _multiply(result, square)
        square = _multiply(square, square)
    found = np.ones_like(z) if result is None else result
    return _divide(np.ones(found.shape), found) if n < 0 else found


def _exp(z: Array) -> Array:
    """e^x cos y + i e^x sin y; real for a zero y."""
    return pair(np.exp(z.real) * np.cos(z.imag), _unless_zero(z.imag, np.exp(z.real) * np.sin(z.imag)))


def _log(z: Array) -> Array:
    """log|z| + i angle(z), the imaginary part in [-pi, pi]."""
    return pair(np.log(np.hypot(z.real, z.imag)), np.arctan2(z.imag, z.real))


def _sqrt(z: Array) -> Array:
    """t + i y/(2t) for x >= 0, |y|/(2t) + i sign(y) t otherwise, with t = sqrt(|x|/2 + |z|/2); 0 of 0."""
    x, y = z.real, z.imag
    root = np.sqrt(0.5 * np.abs(x) + 0.5 * np.hypot(x, y))
    other = np.where(root == 0, 0.0, 0.5 * np.abs(y) / np.where(root == 0, 1.0, root))
    return pair(np.where(x >= 0, root, other), np.copysign(np.where(x >= 0, other, root), y))


def _sin(z: Array) -> Array:
    """sin x cosh y + i cos x sinh y."""
    return pair(np.sin(z.real) * np.cosh(z.imag), _unless_zero(z.imag, np.cos(z.real) * np.sinh(z.imag)))


def _cos(z: Array) -> Array:
    """cos x cosh y - i sin x sinh y."""
    return pair(np.cos(z.real) * np.cosh(z.imag), -_unless_zero(z.imag, np.sin(z.real) * np.sinh(z.imag)))


def _sinh(z: Array) -> Array:
    """sinh x cos y + i cosh x sin y."""
    return pair(np.sinh(z.real) * np.cos(z.imag), _unless_zero(z.imag, np.cosh(z.real) * np.sin(z.imag)))


def _cosh(z: Array) -> Array:
    """cosh x cos y + i sinh x sin y."""
    return pair(np.cosh(z.real) * np.cos(z.imag), _unless_zero(z.imag, np.sinh(z.real) * np.sin(z.imag)))


def _tanh(z: Array) -> Array:
    """(u (1 + v^2) + i v (1 - u^2)) / (1 + u^2 v^2) with u = tanh x, v = tan y; 1 - u^2 is 1/cosh(x)^2."""
    u, v, c = np.tanh(z.real), np.tan(z.imag), np.cosh(z.real)
    scale = 1 + (u * v) * (u * v)
    return pair(u * (1 + v * v) / scale, v / (c * c) / scale)


def _tan(z: Array) -> Array:
    """-i tanh(iz), with iz = -y + ix: (v (1 - u^2) + i u (1 + v^2)) / (1 + u^2 v^2) with u = tanh y, v = tan x."""
    turned = _tanh(pair(-z.imag, z.real))
    return pair(turned.imag, -turned.real)


def _unless_zero(y: Array, value: Array) -> Array:
    """A value that is odd in y: y itself where that is 0, whatever it is multiplied by."""
    return np.where(y == 0, y, value)


def _is(z: Array) -> bool:
    return np.iscomplexobj(z)


def _both(z: Array, w: Array) -> bool:
    return _is(z) and _is(w)


_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "reciprocal": lambda z: _divide(np.ones(z.shape), z),
    "square": lambda z: _multiply(z, z),
    "negative": np.negative,
    "conj": np.conj,
    "real": np.real,
    "imag": np.imag,
    "abs": lambda z: np.hypot(z.real, z.imag),
    "angle": lambda z: np.arctan2(z.imag, z.real),
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
}
