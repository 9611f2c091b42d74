# SPDX-License-Identifier: Apache-2.0
"""How accurate the elementary functions of generated C are: largest errors, in units in the last place, rounded up.

Measured against libm in the next wider type with and without contraction: f32 for every fifth number, f64 for 40 million
ordinary and random ones, functions of two arguments for 6 million pairs. Arguments of sin, cos and tan are of every size.
"""

from __future__ import annotations

from collections.abc import Mapping

from unrut.program.types import DType

_ULPS = {
    "exp": 1.0, "exp2": 1.5, "expm1": 2.5, "log": 1.0, "log2": 1.0, "log10": 1.0, "log1p": 1.5,
    "sin": 1.0, "cos": 1.0, "tan": 3.0, "arcsin": 2.5, "arccos": 1.5, "arctan": 2.5, "arctan2": 2.5,
    "sinh": 2.0, "cosh": 2.0, "tanh": 3.0, "arcsinh": 2.5, "arccosh": 2.5, "arctanh": 2.5,
    "erf": 1.5, "cbrt": 1.5, "hypot": 1.5, "power": 1.5,
}  # fmt: skip

ACCURACY: Mapping[tuple[str, DType], float] = {
    (name, dtype): ulps for name, ulps in _ULPS.items() for dtype in (DType.f32, DType.f64)
}
