# SPDX-License-Identifier: Apache-2.0
"""How accurate scalar functions have to be, in units in the last place of the result's dtype.

1 ulp is at most 2u relatively, u being the unit roundoff; 0.5 is correct rounding, 0 is exactness. A kernel whose
function is worse than its line here is wrong. The figures leave room for plain vectorised implementations; glibc's scalar
functions are within 1 to 4. Near a zero of the result they hold relatively, too.
"""

from __future__ import annotations

from collections.abc import Mapping

ULPS: Mapping[str, float] = {
    "abs": 0, "negative": 0, "maximum": 0, "minimum": 0, "fmax": 0, "fmin": 0, "copysign": 0,
    "real": 0, "imag": 0, "conj": 0, "angle": 8, "floor": 0, "ceil": 0, "trunc": 0, "rint": 0, "sign": 0,
    "add": 0.5, "subtract": 0.5, "multiply": 0.5, "divide": 0.5, "sqrt": 0.5, "square": 0.5, "reciprocal": 0.5,
    "floor_divide": 0.5, "remainder": 1,
    "exp": 4, "exp2": 4, "expm1": 4, "log": 4, "log2": 4, "log10": 4, "log1p": 4, "cbrt": 4, "hypot": 4,
    "sin": 4, "cos": 4, "tan": 8, "arcsin": 8, "arccos": 8, "arctan": 8, "arctan2": 8,
    "sinh": 8, "cosh": 8, "tanh": 8, "arcsinh": 8, "arccosh": 8, "arctanh": 8,
    "power": 16, "erf": 16, "logaddexp": 8,
}  # fmt: skip
