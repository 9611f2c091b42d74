# SPDX-License-Identifier: Apache-2.0
"""Which functions complex numbers have, and in which dtypes: NumPy's promotion, with real arguments staying real.

    + - * /           of two complex numbers, or of a complex and a real one: the real one takes the dtype of the parts
    **                of a complex number and an integer
    == !=             promote both, as NumPy does
    abs real imag angle: the dtype of the parts;    isnan isinf isfinite: bool;    the functions in `SAME`: their argument's

A real factor scales both parts, and a real term meets the real part alone. NumPy gives a real number an imaginary 0 first,
which shows only where that 0 meets an infinity, and in the signs of zeros.

Everything else is refused: orders (`<`, `maximum`, sorting), `//`, `%`, bits, roundings, and functions whose formula in real
and imaginary part loses too much.
"""

from __future__ import annotations

from collections.abc import Sequence

from unrut.program.types import DType, promote

ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide"})
SAME = frozenset("negative square reciprocal conj exp log sqrt sin cos tan sinh cosh tanh".split())
PARTS = frozenset({"real", "imag", "abs", "angle"})
PREDICATES = frozenset({"isnan", "isinf", "isfinite"})
FUNCTIONS = SAME | PARTS | PREDICATES | {"equal", "not_equal", "power"} | ARITHMETIC


def complex_loop(function: str, given: Sequence[DType], weak: Sequence[bool]) -> tuple[tuple[DType, ...], DType] | None:
    """The dtypes of the arguments and of the result where one argument is complex; None where there is no such function.

    `weak` marks numbers that adopt what they meet.
    """
    if function in PREDICATES | SAME | PARTS:
        (dtype,) = given
        return (dtype,), DType.bool if function in PREDICATES else dtype.part if function in PARTS else dtype
    if function == "power":
        base, exponent = given
        return ((base, DType.i64), base) if base.is_complex and exponent.is_integer else None
    if function not in ARITHMETIC | {"equal", "not_equal"}:
        return None
    common = _common(given, weak)
    if function in ARITHMETIC:
        return tuple(common if dtype.is_complex else common.part for dtype in given), common
    return (common, common), DType.bool


def complex_of(dtype: DType) -> DType:
    """The complex dtype that NumPy gives to a number of this dtype that meets an imaginary one."""
    return promote(dtype, DType.c64) if dtype.is_float or dtype.is_complex else DType.c128


def _common(given: Sequence[DType], weak: Sequence[bool]) -> DType:
    strong = [dtype for dtype, adopts in zip(given, weak, strict=True) if not adopts]
    if not strong:
        return DType.c128
    return complex_of(promote(*strong))
